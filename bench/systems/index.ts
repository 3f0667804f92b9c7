import { Ground } from '../foundation/ground.ts';
import type { Suite } from '../figure.ts';
import { drift } from './drift.ts';
import { models } from './models.ts';
import { sideBySide } from './side-by-side.ts';
import { story } from './story.ts';

/** The figures of the five systems, from training to retraining. */
export function systems(): Suite {
  const ground = new Ground();
  return {
    figures: [...models(), ...drift(), ...sideBySide(ground), ...story(ground)],
    close: () => ground.close(),
  };
}
