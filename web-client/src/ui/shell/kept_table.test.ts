import { expect, it } from 'vitest';
import { readTable } from './kept_table';

it('reads how a table was left, and nothing from what is not ours', () => {
  const kept = { sort: { key: 'name', order: 'descend' }, filters: { grade: ['3'] } };
  expect(readTable(JSON.stringify(kept))).toEqual(kept);
  const nothing = { sort: null, filters: {} };
  for (const other of [null, '', '{', '7', '{"sort":{"key":1}}', '{"filters":{"a":3}}'])
    expect(readTable(other)).toEqual(nothing);
});
