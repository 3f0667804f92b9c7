import { checkPlansSettle } from '#operator/model-deployment/testing/index.ts';
import type { Figure } from '../figure.ts';

const STATES = 5000;

/** The heart's property: what a plan leaves behind needs no further plan. */
export function planning(): readonly Figure[] {
  return [
    {
      name: `states of ${STATES} generated ones whose second plan is not empty`,
      goal: { atMost: 0, unit: '' },
      measure: async () => {
        const { unsettled, states } = await checkPlansSettle(STATES);
        return { value: unsettled.length, detail: { states, first: unsettled.slice(0, 1) } };
      },
    },
  ];
}
