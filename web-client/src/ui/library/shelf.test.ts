import { expect, it } from 'vitest';
import { resources } from '../../../dev/fixture';
import { found, readChange, withChange } from './shelf';

const [first, second] = resources;

it('replaces a resource in its place and puts a new one first', () => {
  if (first === undefined || second === undefined) throw new Error('fixture');
  const changed = { ...second, title: 'changed' };
  expect(withChange([first, second], changed).map((one) => one.title)).toEqual([first.title, 'changed']);
  expect(withChange([first], second).map((one) => one.id)).toEqual([second.id, first.id]);
});

it('finds by every word in any order', () => {
  expect(found(resources, 'farm 英语').map((one) => one.id)).toEqual(['res2']);
  expect(found(resources, '').length).toBe(resources.length);
});

it('ignores what is no resource', () => {
  expect(readChange('{}')).toBeNull();
  expect(readChange('<')).toBeNull();
});
