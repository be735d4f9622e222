// One plan as it is now; while it is being made, its progress as it comes.
import { useCallback, useEffect } from 'react';
import { county, planEvents } from '../../protocol/county';
import type { PlanView } from '../../protocol/types';
import { follow } from '../shell/follow';
import { useLoaded } from '../shell/loaded';

/** What an event says, or null for something else. */
export function readPlan(data: string): PlanView | null {
  try {
    const value = JSON.parse(data) as Partial<PlanView> | null;
    if (value === null || typeof value.id !== 'string' || typeof value.state !== 'string') return null;
    return value as PlanView;
  } catch {
    return null;
  }
}

export function usePlan(id: string) {
  const { loaded, reload, replace } = useLoaded(useCallback(() => county.plan(id), [id]));
  const isRunning = loaded.kind === 'ready' && loaded.value.state === 'running';
  useEffect(() => {
    // The stream ends with the work: nothing is left to be heard.
    if (!isRunning) return;
    return follow(planEvents(id), {
      events: {
        plan: (data) => {
          const plan = readPlan(data);
          if (plan?.id === id) replace(() => plan);
        },
      },
      again: reload,
    });
  }, [id, isRunning, reload, replace]);
  return { loaded, reload, replace };
}
