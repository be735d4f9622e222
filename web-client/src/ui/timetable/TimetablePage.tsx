// The week of a school, teacher, class or classroom: looked at, and changed by hand.
import { Button } from 'antd';
import { useCallback, useEffect } from 'react';
import { county } from '../../protocol/county';
import type { Result } from '../../protocol/result';
import type { BellScheduleView, OrgView, TermView } from '../../protocol/types';
import { shanghaiDay } from '../../words/day';
import { setTitle } from '../../words/title';
import { firstPlace } from '../county/tree';
import '../county/county.css';
import { useLoaded } from '../shell/loaded';
import { numberIn, useQuery } from '../shell/query';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate } from '../shell/states';
import { NoTerm } from '../terms/NoTerm';
import { askedTerm, weekOf } from '../terms/term';
import './timetable.css';
import { WeekView } from './WeekView';
import type { By } from './WhoseField';
import { text } from './words';

export interface Ground {
  terms: TermView[];
  orgs: OrgView[];
  bells: BellScheduleView[];
}

/** What a timetable stands on. */
export async function askGround(): Promise<Result<Ground>> {
  const [terms, orgs, bells] = await Promise.all([
    county.terms.list(),
    county.orgs.list(),
    county.bells.list(),
  ]);
  if (!terms.ok) return terms;
  if (!orgs.ok) return orgs;
  if (!bells.ok) return bells;
  return { ok: true, value: { terms: terms.value, orgs: orgs.value, bells: bells.value } };
}

const KINDS: By[] = ['teacher', 'class', 'classroom', 'org'];

export default function TimetablePage() {
  const { loaded, reload } = useLoaded(askGround);
  const { query, set } = useQuery();
  useEffect(() => setTitle(text.title), []);
  const choose = useCallback(
    (by: By, id: string | null) => {
      const others = Object.fromEntries(KINDS.map((kind) => [kind, null]));
      set({ ...others, lesson: null, by, ...(id === null ? {} : { [by]: id }) });
    },
    [set],
  );
  if (loaded.kind === 'loading') return <Loading rows={8} />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const { terms, orgs } = loaded.value;
  const today = shanghaiDay(Date.now());
  const term = askedTerm(terms, query.get('term'), today);
  const place = firstPlace(orgs);
  if (place === null)
    return (
      <Plate
        title={text.noPlaces}
        action={
          <Button type="primary" size="large" onClick={() => go('/county')}>
            {text.toCounty}
          </Button>
        }
      />
    );
  if (term === null) return <NoTerm>{text.noTermHint}</NoTerm>;
  const named = KINDS.find((kind) => query.get(kind) !== null);
  const asked = query.get('by');
  const by = named ?? KINDS.find((kind) => kind === asked) ?? 'org';
  const id = query.get(by) ?? (by === 'org' ? place.id : null);
  const week = numberIn(query, 'week', 1, term.weeks) ?? weekOf(term, today);
  return (
    <WeekView ground={loaded.value} term={term} week={week} by={by} id={id} today={today} choose={choose} />
  );
}
