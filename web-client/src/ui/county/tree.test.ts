import { expect, it } from 'vitest';
import type { OrgKind, OrgView } from '../../protocol/types';
import { below, firstPlace, kindsBelow, pathTo, treeOf } from './tree';

const org = (id: string, parent: string | null, kind: OrgKind = 'school'): OrgView => ({
  id,
  kind,
  code: id,
  name: id,
  lessons_at_once: 1,
  ...(parent === null ? {} : { parent_id: parent }),
});

const orgs = [org('s2', 'c'), org('s1', 'c'), org('c', 'p', 'county'), org('p', null, 'province')];

it('builds the tree whatever the order, by name', () => {
  const [root] = treeOf(orgs);
  expect(root?.org.id).toBe('p');
  expect(root?.children[0]?.children.map((node) => node.org.id)).toEqual(['s1', 's2']);
});

it('takes for a root whose parent somebody may not see', () => {
  expect(treeOf([org('s1', 'c'), org('s2', 'c')]).map((node) => node.org.id)).toEqual(['s1', 's2']);
});

it('finds what lies below a place and what above', () => {
  expect([...below(orgs, 'p')].sort()).toEqual(['c', 'p', 's1', 's2']);
  expect([...below(orgs, 's1')]).toEqual(['s1']);
  expect(pathTo(orgs, 's1').map(({ id }) => id)).toEqual(['p', 'c', 's1']);
  expect(pathTo([org('a', 'b'), org('b', 'a')], 'a')).toHaveLength(2);
});

it('begins at the county', () => {
  expect(firstPlace(orgs)?.id).toBe('c');
  expect(firstPlace([org('s1', 'c')])?.id).toBe('s1');
  expect(firstPlace([])).toBeNull();
});

it('offers only kinds that may lie below', () => {
  expect(kindsBelow('county')).toEqual(['school']);
  expect(kindsBelow('school')).toEqual([]);
  expect(kindsBelow(null)).toHaveLength(4);
});
