import { expect, it } from 'vitest';
import type { PlanView } from '../../protocol/types';
import { atMostMore } from './bound';

const plan = (gap: number | null, served: number | null) => ({ gap, served, demanded: 394 }) as PlanView;

it('says how many periods a better plan could have at most', () => {
  expect(atMostMore(plan(15 / 25, 369))).toBe(15);
  expect(atMostMore(plan(0, 369))).toBe(0);
  expect(atMostMore(plan(0, 394))).toBe(0);
  expect(atMostMore(plan(null, null))).toBeNull();
});
