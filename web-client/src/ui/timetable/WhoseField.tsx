// Whose week: a school or a place, a teacher, a class, a classroom, found by typing.
import { Segmented, Select } from 'antd';
import { useCallback } from 'react';
import { county, type Whose } from '../../protocol/county';
import type { Failure, Result } from '../../protocol/result';
import type { OrgView } from '../../protocol/types';
import { useLoaded } from '../shell/loaded';
import { type Choice, choices, SEARCHED } from '../shell/pick';
import { failureWords } from '../shell/states';
import { text } from './words';

export type By = Whose['by'];

const BY: By[] = ['org', 'teacher', 'class', 'classroom'];

interface Props {
  by: By;
  id: string | null;
  orgs: OrgView[];
  choose(by: By, id: string | null): void;
}

function mapped<A, B>(result: Result<A>, map: (value: A) => B): Result<B> {
  return result.ok ? { ok: true, value: map(result.value) } : result;
}

/** Everybody of this sort the caller may see, each with the school. */
async function everybody(by: By, orgs: OrgView[]): Promise<Result<Choice[]>> {
  const school = (org: string) => orgs.find(({ id }) => id === org)?.name ?? '';
  switch (by) {
    case 'org':
      return {
        ok: true,
        value: choices(
          orgs,
          ({ id }) => id,
          ({ name }) => name,
        ),
      };
    case 'teacher':
      return mapped(await county.teachers.list(), (all) =>
        choices(
          all,
          ({ id }) => id,
          ({ name, org_id }) => `${name} · ${school(org_id)}`,
        ),
      );
    case 'class':
      return mapped(await county.classes.list(), (all) =>
        choices(
          all,
          ({ id }) => id,
          ({ name, org_id }) => `${school(org_id)} ${name}`,
        ),
      );
    case 'classroom':
      return mapped(await county.classrooms.list(), (all) =>
        choices(
          all,
          ({ id }) => id,
          ({ name, org_id }) => `${school(org_id)} ${name}`,
        ),
      );
  }
}

const why = (failure: Failure) => failureWords(failure);

export function WhoseField({ by, id, orgs, choose }: Props) {
  const { loaded } = useLoaded(useCallback(() => everybody(by, orgs), [by, orgs]));
  return (
    <div className="whose">
      <Segmented<By>
        value={by}
        onChange={(to) => choose(to, null)}
        options={BY.map((one) => ({ value: one, label: text.by[one] }))}
      />
      <Select
        key={by}
        showSearch={SEARCHED}
        aria-label={text.choose[by]}
        placeholder={text.choose[by]}
        loading={loaded.kind === 'loading'}
        notFoundContent={loaded.kind === 'failed' ? why(loaded.failure) : undefined}
        value={loaded.kind === 'ready' ? id : null}
        onChange={(to: string | null) => to !== null && choose(by, to)}
        options={loaded.kind === 'ready' ? loaded.value : []}
        data-testid="whose"
      />
    </div>
  );
}
