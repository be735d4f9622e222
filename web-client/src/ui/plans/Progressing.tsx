// The planner at work: what it does, what it has, what is left, and the way to stop it.
import { Button, Progress } from 'antd';
import { county } from '../../protocol/county';
import type { PlanView } from '../../protocol/types';
import { useAct } from '../shell/act';
import { Refused } from '../shell/Refused';
import { text } from './words';

export function Progressing({ plan, changed }: { plan: PlanView; changed(plan: PlanView): void }) {
  const { busy, failure, act } = useAct();
  const { progress } = plan;
  const stop = async () => {
    const now = await act(() => county.cancelPlan(plan.id));
    if (now !== null) changed(now);
  };
  const words = progress?.words ?? text.starting;
  return (
    <section className="progressing" aria-label={text.progress} data-testid="progressing">
      <p className="progressing-words" role="status">
        {words}
      </p>
      <Progress percent={progress?.percent ?? 0} status="normal" aria-label={words} />
      <p>
        {progress?.served != null && text.servedSoFar(progress.served, plan.demanded)}
        {progress?.bound != null && <span className="soft"> · {text.bound(progress.bound)}</span>}
      </p>
      <p className="soft">{text.survives}</p>
      <Refused failure={failure} />
      <Button size="large" loading={busy} onClick={() => void stop()} data-testid="stop-plan">
        {text.stop}
      </Button>
    </section>
  );
}
