// Long work: what is being done, how far it is, what is left, and what one can do about it.
import { App, Button, Progress } from 'antd';
import { useState } from 'react';
import { api } from '../../protocol/api';
import type { Result } from '../../protocol/result';
import type { ResourceView } from '../../protocol/types';
import { timeLeft } from '../../words/format';
import { failureWords } from '../shell/states';
import { failureSentence } from './failure';
import { text } from './words';

export function JobBar({ resource, changed }: { resource: ResourceView; changed(): void }) {
  const { message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const { job } = resource;
  const act = async (what: () => Promise<Result<void>>) => {
    setBusy(true);
    const done = await what();
    setBusy(false);
    if (!done.ok) void message.error(failureWords(done.failure));
    changed();
  };
  if (job.state === 'failed' || job.state === 'cancelled') {
    return (
      <div className="job" data-testid="job" data-state={job.state}>
        <p className={job.state === 'failed' ? 'job-failed' : ''}>
          <strong>{job.state === 'failed' ? text.failed : text.cancelled}</strong>
          {job.failure != null && (
            <>
              {' '}
              {failureSentence(job.failure)} <small title={job.failure.text}>{job.failure.code}</small>
            </>
          )}{' '}
          {job.attempts > 1 && <small>{text.tries(job.attempts)}</small>}
        </p>
        <Button
          loading={busy}
          onClick={() => void act(() => api.retryJob(resource.id))}
          data-testid="retry-job"
        >
          {text.retry}
        </Button>
      </div>
    );
  }
  const step = job.step == null ? text.queued : text.steps[job.step];
  return (
    <div className="job" data-testid="job" data-state={job.state}>
      <Progress percent={job.percent} size="small" status="normal" aria-label={step} />
      <p>
        {step}
        {job.eta_s != null && ` · ${text.left(timeLeft(job.eta_s))}`}
      </p>
      <Button
        type="text"
        size="small"
        loading={busy}
        onClick={() => void act(() => api.cancelJob(resource.id))}
        data-testid="cancel-job"
      >
        {text.cancel}
      </Button>
    </div>
  );
}
