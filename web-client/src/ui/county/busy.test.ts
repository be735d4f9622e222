import { expect, it } from 'vitest';
import type { Busy, Parity } from '../../protocol/types';
import { pressed } from './busy';

const busy = (parity: Parity, weekday = 1): Busy => ({ weekday, period: 2, parity, what: '数学' });

it('takes a free period and frees a taken one', () => {
  expect(pressed([], busy('every'))).toEqual([busy('every')]);
  expect(pressed([busy('every'), busy('every', 3)], busy('every'))).toEqual([busy('every', 3)]);
});

it('keeps odd and even weeks apart, and every week apart from neither', () => {
  expect(pressed([busy('odd')], busy('even'))).toEqual([busy('odd'), busy('even')]);
  expect(pressed([busy('odd'), busy('even')], busy('every'))).toEqual([]);
  expect(pressed([busy('every')], busy('odd'))).toEqual([]);
});
