// What the draft does not serve: the class, why, and what would help, the smallest first.
import { Input } from 'antd';
import { useDeferredValue } from 'react';
import type { Unserved } from '../../protocol/types';
import { SubjectTag } from '../county/SubjectTag';
import '../county/county.css';
import { useQuery } from '../shell/query';
import { Plate } from '../shell/states';
import { text as shell } from '../shell/words';
import { text } from './words';

export function UnservedList({ unserved }: { unserved: Unserved[] }) {
  const { query, set } = useQuery();
  const looked = useDeferredValue(query.get('q') ?? '');
  if (unserved.length === 0) return <Plate title={text.allServed} />;
  const shown = unserved.filter(({ org_name, class_name, subject }) =>
    `${org_name} ${class_name} ${subject}`.includes(looked.trim()),
  );
  return (
    <>
      <Input.Search
        allowClear
        className="look"
        placeholder={shell.look}
        aria-label={shell.look}
        value={query.get('q') ?? ''}
        onChange={(event) => set({ q: event.target.value }, 'replace')}
      />
      <ul className="unserved" data-testid="unserved">
        {shown.map(({ class_id, class_name, org_name, subject, missing, reasons, remedies }) => (
          <li key={`${class_id} ${subject}`}>
            <h3>
              {org_name} {class_name} <SubjectTag subject={subject} />
            </h3>
            <p className="unserved-missing">{text.missing(missing)}</p>
            <div>
              <section>
                <h4>{text.why}</h4>
                <ul>
                  {reasons.map((reason) => (
                    <li key={reason}>{reason}</li>
                  ))}
                </ul>
              </section>
              {remedies.length > 0 && (
                <section>
                  <h4>{text.remedies}</h4>
                  <ol>
                    {remedies.map((remedy) => (
                      <li key={remedy}>{remedy}</li>
                    ))}
                  </ol>
                </section>
              )}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
