import type { Suite } from '../figure.ts';
import { Ground } from '../foundation/ground.ts';
import { alarms } from './alarms.ts';
import { shares } from './shares.ts';
import { underLoad } from './under-load.ts';
import { undo } from './undo.ts';
import { walks } from './walks.ts';
import { writes } from './writes.ts';

/** The figures of rollouts: what callers feel of a change, how soon it is taken back, and that no promise breaks. */
export function rollouts(): Suite {
  const ground = new Ground();
  return {
    figures: [
      ...underLoad(ground),
      ...shares(ground),
      ...undo(ground),
      ...alarms(ground),
      ...writes(ground),
      ...walks(),
    ],
    close: () => ground.close(),
  };
}
