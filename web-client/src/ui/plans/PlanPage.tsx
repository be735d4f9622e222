// One plan: how far it is, then the draft to look at and to publish.
import { Button } from 'antd';
import { useEffect } from 'react';
import { shanghaiTime } from '../../words/day';
import { setTitle } from '../../words/title';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate, Stale } from '../shell/states';
import { Draft } from './Draft';
import { PlanStateTag } from './PlansPage';
import './plans.css';
import { Progressing } from './Progressing';
import { usePlan } from './watched';
import { text } from './words';

export default function PlanPage({ id }: { id: string }) {
  const { loaded, reload, replace } = usePlan(id);
  useEffect(() => setTitle(text.title), []);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const plan = loaded.value;
  return (
    <>
      <Stale since={loaded.staleSince} />
      <div className="page-head">
        <div>
          <h1>
            {text.title} <PlanStateTag plan={plan} />
          </h1>
          <p className="soft plan-by">
            {plan.by_name} · {shanghaiTime(plan.created_at)}
          </p>
        </div>
        <Button onClick={() => go(`/plans?term=${encodeURIComponent(plan.term_id)}`)}>{text.back}</Button>
      </div>
      {plan.state === 'running' && <Progressing plan={plan} changed={(now) => replace(() => now)} />}
      {plan.state === 'failed' && (
        <Plate title={plan.error ?? text.states.failed} testid="plan-failed">
          {text.failedHint}
        </Plate>
      )}
      {plan.state !== 'running' && plan.state !== 'failed' && <Draft plan={plan} changed={reload} />}
    </>
  );
}
