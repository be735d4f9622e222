// 开齐开足: a place's schools (or classes) by subject, each cell with its number and its word, down to the lessons behind it.
import { Breadcrumb, Button, Select, Switch } from 'antd';
import { useCallback, useEffect } from 'react';
import { county, ledgerAddress } from '../../protocol/county';
import type { Result } from '../../protocol/result';
import type { LedgerView, OrgView, TermView } from '../../protocol/types';
import { shanghaiDay } from '../../words/day';
import { setTitle } from '../../words/title';
import { pathTo } from '../county/tree';
import '../county/county.css';
import { useLoaded } from '../shell/loaded';
import { numberIn, useQuery } from '../shell/query';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate, Stale } from '../shell/states';
import { NoTerm } from '../terms/NoTerm';
import { askedTerm, weekOf } from '../terms/term';
import { HeatMap } from './HeatMap';
import { linesOf, type Order, ordered } from './heat';
import { LessonsBehind } from './LessonsBehind';
import './ledger.css';
import { text } from './words';

interface Ground {
  terms: TermView[];
  orgs: OrgView[];
}

async function askGround(): Promise<Result<Ground>> {
  const [terms, orgs] = await Promise.all([county.terms.list(), county.orgs.list()]);
  if (!terms.ok) return terms;
  return orgs.ok ? { ok: true, value: { terms: terms.value, orgs: orgs.value } } : orgs;
}

export default function LedgerPage() {
  const { loaded, reload } = useLoaded(askGround);
  const { query } = useQuery();
  useEffect(() => setTitle(text.title), []);
  if (loaded.kind === 'loading') return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const { terms, orgs } = loaded.value;
  const term = askedTerm(terms, query.get('term'), shanghaiDay(Date.now()));
  if (term === null) return <NoTerm>{text.noTermHint}</NoTerm>;
  return <Ledger term={term} terms={terms} orgs={orgs} />;
}

function Ledger({ term, terms, orgs }: Ground & { term: TermView }) {
  const { query, set } = useQuery();
  const org = query.get('org');
  const week = numberIn(query, 'week', 1, term.weeks);
  const { loaded, reload } = useLoaded(
    useCallback(() => county.ledger(term.id, org, week), [term.id, org, week]),
  );
  if (loaded.kind === 'loading') return <Loading rows={10} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const view = loaded.value;
  const order: Order = query.get('order') === 'name' ? 'name' : 'worst';
  const onlyShort = query.get('short') === '1';
  const all = ordered(linesOf(view.rows), order);
  const lines = onlyShort ? all.filter(({ short, forecast }) => short + forecast > 0) : all;
  const classId = query.get('class');
  const subject = query.get('subject');
  const behind = view.rows.find((row) => row.class_id === classId && row.subject === subject);
  return (
    <>
      <Stale since={loaded.staleSince} />
      <div className="ledger-head">
        <div>
          <Path view={view} orgs={orgs} choose={(to) => set({ org: to, class: null, subject: null })} />
          <h1>
            {text.title} <small>{view.org_name}</small>
          </h1>
        </div>
        <div className="head-actions">
          {terms.length > 1 && (
            <Select
              aria-label={text.term}
              value={term.id}
              onChange={(to) => set({ term: to, week: null })}
              options={terms.map(({ id, name }) => ({ value: id, label: name }))}
            />
          )}
          <Select
            aria-label={text.week}
            value={week ?? 0}
            onChange={(to) => set({ week: to === 0 ? null : to })}
            options={weekChoices(term, view)}
            data-testid="ledger-week"
          />
          <Select
            aria-label={text.order}
            value={order}
            onChange={(to) => set({ order: to === 'worst' ? null : to })}
            options={(['worst', 'name'] as const).map((one) => ({ value: one, label: text.orders[one] }))}
          />
          {/* biome-ignore lint/a11y/noLabelWithoutControl: the switch is inside */}
          <label className="only-short">
            <Switch checked={onlyShort} onChange={(to) => set({ short: to ? '1' : null })} />
            {text.onlyShort}
          </label>
          <Button href={ledgerAddress(term.id, view.org_id, week)} download data-testid="ledger-export">
            {text.export}
          </Button>
        </div>
      </div>
      {all.length === 0 ? (
        <Plate
          title={text.none}
          testid="ledger-empty"
          action={<Button onClick={() => go('/county?tab=curriculum')}>{text.toCounty}</Button>}
        >
          {text.noneHint}
        </Plate>
      ) : lines.length === 0 ? (
        <Plate title={text.allFull} />
      ) : (
        <HeatMap
          view={view}
          lines={lines}
          openLine={(line) => line.classId === null && set({ org: line.orgId, class: null, subject: null })}
          openCell={(line, of) =>
            line.classId === null
              ? set({ org: line.orgId, subject: null, class: null })
              : set({ class: line.classId, subject: of })
          }
        />
      )}
      {behind !== undefined && (
        <LessonsBehind
          row={behind}
          termId={term.id}
          week={week}
          close={() => set({ class: null, subject: null })}
        />
      )}
    </>
  );
}

/** The present week may be looked at before it is over. */
function weekChoices(term: TermView, { weeks_so_far }: LedgerView) {
  const last = Math.max(weeks_so_far, weekOf(term, shanghaiDay(Date.now())));
  const weeks = Array.from({ length: Math.min(last, term.weeks) }, (_, at) => last - at);
  return [
    { value: 0, label: text.soFar(weeks_so_far) },
    ...weeks.map((value) => ({ value, label: text.weekNumber(value) })),
  ];
}

interface PathProps {
  view: LedgerView;
  orgs: OrgView[];
  choose(org: string): void;
}

function Path({ view, orgs, choose }: PathProps) {
  const above = pathTo(orgs, view.org_id).slice(0, -1);
  if (above.length === 0) return null;
  return (
    <Breadcrumb
      items={above.map(({ id, name }) => ({
        key: id,
        title: (
          <button type="button" className="link-button" onClick={() => choose(id)}>
            {name}
          </button>
        ),
      }))}
    />
  );
}
