// The plans of a term, and a new one.
import { Button, Select } from 'antd';
import { useCallback, useEffect } from 'react';
import { county } from '../../protocol/county';
import type { PlanView, TermView } from '../../protocol/types';
import { shanghaiDay, shanghaiTime } from '../../words/day';
import { setTitle } from '../../words/title';
import { DeskTable, filtersOf, numberColumn, textColumn } from '../shell/DeskTable';
import { useLoaded } from '../shell/loaded';
import { useQuery } from '../shell/query';
import { useMay } from '../shell/role';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate, Stale } from '../shell/states';
import { NoTerm } from '../terms/NoTerm';
import { askedTerm } from '../terms/term';
import { atMostMore } from './bound';
import { NewPlan } from './NewPlan';
import './plans.css';
import { text } from './words';

const askTerms = () => county.terms.list();

/** While one is being made, its line is asked for anew. */
const REFRESH_MS = 3_000;

export default function PlansPage() {
  const { loaded, reload } = useLoaded(askTerms);
  const { query, set } = useQuery();
  useEffect(() => setTitle(text.title), []);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const terms = loaded.value;
  const term = askedTerm(terms, query.get('term'), shanghaiDay(Date.now()));
  if (term === null) return <NoTerm>{text.noTermHint}</NoTerm>;
  return (
    <>
      <div className="page-head">
        <h1>{text.title}</h1>
        {terms.length > 1 && (
          <Select
            aria-label={text.term}
            value={term.id}
            onChange={(to) => set({ term: to })}
            options={terms.map(({ id, name }) => ({ value: id, label: name }))}
          />
        )}
      </div>
      <Plans key={term.id} term={term} />
      {query.get('do') === 'new' && <NewPlan term={term} close={() => set({ do: null })} />}
    </>
  );
}

function Plans({ term }: { term: TermView }) {
  const { loaded, reload } = useLoaded(useCallback(() => county.plans(term.id), [term.id]));
  const mayPlan = useMay('plans', 'schedule');
  const { set } = useQuery();
  const isRunning = loaded.kind === 'ready' && loaded.value.some(({ state }) => state === 'running');
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(reload, REFRESH_MS);
    return () => clearInterval(timer);
  }, [isRunning, reload]);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const rows = loaded.value;
  const begin = (words: string) =>
    mayPlan && (
      <Button type="primary" size="large" onClick={() => set({ do: 'new' })} data-testid="new-plan">
        {words}
      </Button>
    );
  if (rows.length === 0) {
    return (
      <Plate title={text.emptyTitle} action={begin(text.start)} testid="no-plans">
        {text.emptyHint}
      </Plate>
    );
  }
  return (
    <>
      <Stale since={loaded.staleSince} />
      <DeskTable<PlanView>
        name="plans"
        rows={rows}
        rowKey={(row) => row.id}
        said={(row) => `${row.by_name} ${text.states[row.state]}`}
        open={(row) => go(`/plans/${row.id}`)}
        empty={text.emptyTitle}
        actions={begin(text.newPlan)}
        columns={[
          {
            ...textColumn<PlanView>('when', text.when, (row) => shanghaiTime(row.created_at)),
            sorter: (a, b) => a.created_at - b.created_at,
          },
          {
            ...textColumn<PlanView>('state', text.state, (row) => text.states[row.state]),
            ...filtersOf(rows, (row) => [text.states[row.state]]),
            render: (_, row) => <PlanStateTag plan={row} />,
          },
          {
            ...numberColumn<PlanView>('served', text.served, (row) => row.served ?? null),
            render: (_, row) => (row.served == null ? '—' : text.servedOf(row.served, row.demanded)),
          },
          numberColumn('gap', text.gap, atMostMore, text.atMostMore),
          numberColumn('lessons', text.lessons, (row) => row.lessons ?? null),
          numberColumn(
            'took',
            text.took,
            (row) => row.seconds ?? null,
            (n) => text.seconds(Math.max(1, Math.round(n))),
          ),
          textColumn('by', text.by, (row) => row.by_name),
        ]}
      />
    </>
  );
}

export function PlanStateTag({ plan: { state, progress } }: { plan: PlanView }) {
  return (
    <span className={`plan-state plan-${state}`} data-testid="plan-state" data-state={state}>
      <i aria-hidden="true" />
      {text.states[state]}
      {state === 'running' && progress != null && ` ${progress.percent}%`}
    </span>
  );
}
