import { expect, test } from 'vitest';
import { changesIn, isTooLarge } from './import_report';

test('what is added and what is changed counts, what is there already does not', () => {
  const counts = [
    { table: 'orgs', added: 2, changed: 1, same: 30 },
    { table: 'classes', added: 0, changed: 0, same: 9 },
  ];
  expect(changesIn({ counts })).toBe(3);
  expect(changesIn({ counts: [] })).toBe(0);
});

test('eight megabytes go in and a byte more does not', () => {
  expect([8 * 1024 * 1024, 8 * 1024 * 1024 + 1].map(isTooLarge)).toEqual([false, true]);
});
