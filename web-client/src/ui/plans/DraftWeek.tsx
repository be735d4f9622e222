// The draft's week beside today's: what is new is hatched, what goes is crossed out.
import { Select } from 'antd';
import { useCallback, useMemo } from 'react';
import { county } from '../../protocol/county';
import type { Result } from '../../protocol/result';
import type { DraftView } from '../../protocol/types';
import { useLoaded } from '../shell/loaded';
import { SEARCHED } from '../shell/pick';
import { useQuery } from '../shell/query';
import { FailurePlate, Loading } from '../shell/states';
import { type Card, concerns, draftCards, type TodayWeek, todayCards, whoIn } from './draft_week';
import { PlainWeek } from './PlainWeek';
import { text } from './words';

const NO_WEEK: TodayWeek = { lessons: [], days: [] };

async function askToday(termId: string, week: number): Promise<Result<TodayWeek>> {
  const terms = await county.terms.list();
  if (!terms.ok) return terms;
  const org = terms.value.find(({ id }) => id === termId)?.org_id;
  if (org === undefined) return { ok: true, value: NO_WEEK };
  const view = await county.week(termId, week, { by: 'org', id: org });
  return view.ok ? { ok: true, value: { lessons: view.value.lessons, days: view.value.term.days } } : view;
}

export function DraftWeek({ draft, termId }: { draft: DraftView; termId: string }) {
  const ask = useCallback(() => askToday(termId, draft.from_week), [termId, draft.from_week]);
  const { loaded, reload } = useLoaded(ask);
  const { query, set } = useQuery();
  const who = query.get('who');
  const now = loaded.kind === 'ready' ? loaded.value : NO_WEEK;
  const drafted = useMemo(() => draftCards(draft.lessons, now), [draft, now]);
  const today = useMemo(() => todayCards(now, draft.lessons), [draft, now]);
  const { teachers, classes } = useMemo(() => whoIn([...drafted, ...today]), [drafted, today]);
  if (loaded.kind === 'loading') return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const shown = (cards: Card[]) => cards.filter((card) => concerns(card, who));
  return (
    <>
      <div className="draft-head">
        <Select
          allowClear
          showSearch={SEARCHED}
          aria-label={text.filter}
          placeholder={text.findWho}
          value={who}
          onChange={(to: string | null | undefined) => set({ who: to ?? null })}
          options={[...teachers, ...classes]}
          data-testid="draft-who"
        />
        <span className="soft">{today.length === 0 ? text.todayEmpty : text.legend}</span>
      </div>
      <div className={today.length === 0 ? undefined : 'beside'}>
        <section>
          <h2>
            {text.draft} <small>{text.weekOf(draft.from_week)}</small>
          </h2>
          <PlainWeek cards={shown(drafted)} difference="new" />
        </section>
        {today.length > 0 && (
          <section>
            <h2>{text.today}</h2>
            <PlainWeek cards={shown(today)} difference="gone" />
          </section>
        )}
      </div>
    </>
  );
}
