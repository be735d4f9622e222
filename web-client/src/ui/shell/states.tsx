// The states every view has besides its content: loading after 300 ms, empty, failed, offline.
import { Button, Skeleton } from 'antd';
import { type ReactNode, useEffect, useState } from 'react';
import type { Failure } from '../../protocol/result';
import { shanghaiClock } from '../../words/day';
import { text } from './words';

/** Faster answers show no skeleton: a flash disturbs more than it tells. */
const SHOW_AFTER_MS = 300;

export function Loading({ rows = 4 }: { rows?: number }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), SHOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return shown ? <Skeleton active={false} paragraph={{ rows }} data-testid="loading" /> : null;
}

interface PlateProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** Small, for the person who mends it. */
  code?: string;
  testid?: string;
}

/** One calm block in the middle: what this is and the one next step. */
export function Plate({ title, children, action, code, testid }: PlateProps) {
  return (
    <section className="plate" data-testid={testid}>
      <h2>{title}</h2>
      {children !== undefined && <div className="plate-words">{children}</div>}
      {action}
      {code !== undefined && <small>{code}</small>}
    </section>
  );
}

export function FailurePlate({ failure, retry }: { failure: Failure; retry?: () => void }) {
  const action =
    retry === undefined ? null : (
      <Button type="primary" onClick={retry} data-testid="retry">
        {text.retry}
      </Button>
    );
  if (failure.kind === 'offline') {
    return (
      <Plate title={text.offline} action={action} testid="offline">
        {text.offlineHint}
      </Plate>
    );
  }
  const { problem } = failure;
  const hint = problem.detail ?? (problem.status === 401 || problem.status === 403 ? text.notAllowed : '');
  return (
    <Plate
      title={problem.title}
      action={action}
      code={`${problem.type} · ${problem.status}`}
      testid="failure"
    >
      {hint}
    </Plate>
  );
}

/** Above what is shown while the server does not answer. */
export function Stale({ since }: { since: number | null }) {
  if (since === null) return null;
  return (
    <p className="stale" role="status" data-testid="stale">
      {text.stale(shanghaiClock(since))}
    </p>
  );
}

/** A failure in one sentence, for a message beside a button. */
export function failureWords(failure: Failure): string {
  if (failure.kind === 'offline') return `${text.offline}${text.offlineHint}`;
  return [failure.problem.title, failure.problem.detail].filter(Boolean).join(' ');
}
