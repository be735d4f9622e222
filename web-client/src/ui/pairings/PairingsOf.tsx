// The pairings of one teacher or class in the present term, in a form that is about them.
import { Button } from 'antd';
import { county } from '../../protocol/county';
import { type Result, success } from '../../protocol/result';
import type { PairingView } from '../../protocol/types';
import { shanghaiDay } from '../../words/day';
import { listed } from '../../words/format';
import { SubjectTag } from '../county/SubjectTag';
import { useLoaded } from '../shell/loaded';
import { go } from '../shell/router';
import { presentTerm } from '../terms/term';
import { concernsOf } from './kept';
import { KeptWords } from './PairingsPage';
import './pairings.css';
import { text } from './words';

async function askPresent(): Promise<Result<PairingView[]>> {
  const terms = await county.terms.list();
  if (!terms.ok) return terms;
  const term = presentTerm(terms.value, shanghaiDay(Date.now()));
  return term === null ? success([]) : county.pairings(term.id);
}

/** Nothing while it loads or if it cannot be read: the form is about something else. */
export function PairingsOf({ teacher, group }: { teacher?: string; group?: string }) {
  const { loaded } = useLoaded(askPresent);
  if (loaded.kind !== 'ready') return null;
  const own = loaded.value.filter((one) =>
    concernsOf(one, { teacher: teacher ?? null, group: group ?? null }),
  );
  return (
    <section className="pairings-of" data-testid="pairings-of">
      <h3 className="pairing-head">{text.ofThis}</h3>
      {own.length === 0 && <p className="soft">{text.noneOfThis}</p>}
      <ul className="pairing-list">
        {own.map((one) => (
          <li key={one.id}>
            <div>
              <SubjectTag subject={one.subject} more={text.grade(one.grade)} />{' '}
              {teacher === undefined
                ? `${one.org_name} ${one.teacher_name}`
                : one.classes.map(({ org_name, class_name }) => `${org_name} ${class_name}`).join(listed)}
              <KeptWords pairing={one} />
            </div>
            <Button type="link" onClick={() => go(`/pairings?pairing=${encodeURIComponent(one.id)}`)}>
              {text.thisOne}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
