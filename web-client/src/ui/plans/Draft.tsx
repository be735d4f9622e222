// The draft: its figures, its week beside today's, what it does not serve and why, what changes for whom.
import { Button, Popconfirm, Tabs } from 'antd';
import { useCallback } from 'react';
import { county } from '../../protocol/county';
import type { DraftView, PlanView } from '../../protocol/types';
import { useAct } from '../shell/act';
import { useLoaded } from '../shell/loaded';
import { useQuery } from '../shell/query';
import { Refused } from '../shell/Refused';
import { useMay } from '../shell/role';
import { go } from '../shell/router';
import { FailurePlate, Loading } from '../shell/states';
import { atMostMore } from './bound';
import { ChangesList } from './ChangesList';
import { DraftWeek } from './DraftWeek';
import { UnservedList } from './UnservedList';
import { text } from './words';

interface Props {
  plan: PlanView;
  changed(): void;
}

const TABS = ['week', 'unserved', 'changes'] as const;

export function Draft({ plan, changed }: Props) {
  const { id } = plan;
  const { loaded, reload } = useLoaded(useCallback(() => county.draft(id), [id]));
  const { query, set } = useQuery();
  if (loaded.kind === 'loading') return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const draft = loaded.value;
  const tab = TABS.find((one) => one === query.get('tab')) ?? 'week';
  const counts = {
    week: draft.lessons.length,
    unserved: draft.unserved.length,
    changes: draft.changes.length,
  };
  return (
    <>
      <Figures draft={draft} plan={plan} />
      <Acts draft={draft} plan={plan} changed={changed} />
      <Tabs
        activeKey={tab}
        onChange={(to) => set({ tab: to, q: null })}
        items={TABS.map((key) => ({ key, label: `${text[key]} (${counts[key]})` }))}
      />
      {tab === 'week' && <DraftWeek draft={draft} termId={plan.term_id} />}
      {tab === 'unserved' && <UnservedList unserved={draft.unserved} />}
      {tab === 'changes' && <ChangesList changes={draft.changes} />}
    </>
  );
}

function Figures({ draft, plan }: { draft: DraftView; plan: PlanView }) {
  const more = atMostMore(plan);
  const figures: [string, string][] = [
    [text.demanded, text.periods(plan.demanded)],
    [text.servedStat, plan.served == null ? '—' : text.periods(plan.served)],
    [text.unservedStat, text.periods(draft.unserved.reduce((sum, { missing }) => sum + missing, 0))],
    [text.gap, more === null ? '—' : text.atMostMore(more)],
    [text.lessons, String(plan.lessons ?? draft.lessons.length)],
  ];
  return (
    <dl className="figures" data-testid="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Acts({ draft, plan, changed }: { draft: DraftView } & Props) {
  const mayPlan = useMay('plan', 'schedule');
  const publishing = useAct();
  const discarding = useAct();
  const toWeek = `/timetable?term=${encodeURIComponent(plan.term_id)}&week=${draft.from_week}`;
  if (plan.state === 'published') {
    return (
      <p className="plan-acts">
        <strong>{text.published}</strong>{' '}
        <Button type="primary" onClick={() => go(toWeek)}>
          {text.seeWeek}
        </Button>
      </p>
    );
  }
  if (plan.state !== 'draft' || !mayPlan) return null;
  return (
    <div className="plan-acts">
      <Refused failure={publishing.failure ?? discarding.failure} />
      <Popconfirm
        title={text.publishTitle(draft.from_week)}
        description={text.publishHint}
        okText={text.publish}
        cancelText={text.cancel}
        okButtonProps={{ 'data-testid': 'publish-yes' }}
        onConfirm={async () => {
          if ((await publishing.act(() => county.publish(plan.id))) !== null) changed();
        }}
      >
        <Button type="primary" size="large" loading={publishing.busy} data-testid="publish">
          {text.publish}
        </Button>
      </Popconfirm>
      <Popconfirm
        title={text.discardTitle}
        description={text.discardHint}
        okText={text.discard}
        cancelText={text.cancel}
        onConfirm={async () => {
          if ((await discarding.act(() => county.discardPlan(plan.id))) !== null) changed();
        }}
      >
        <Button size="large" loading={discarding.busy} data-testid="discard">
          {text.discard}
        </Button>
      </Popconfirm>
    </div>
  );
}
