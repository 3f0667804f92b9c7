import type { Suite } from '../figure.ts';
import { adversity } from './adversity.ts';
import { bigModel } from './big-model.ts';
import { commands } from './commands.ts';
import { Ground } from './ground.ts';
import { memory } from './memory.ts';
import { outage } from './outage.ts';
import { planning } from './planning.ts';
import { rest } from './rest.ts';
import { scale } from './scale.ts';
import { traffic } from './traffic.ts';
import { upgrade } from './upgrade.ts';

/** The figures of the foundation: from `kubectl apply` to a prediction, and back. */
export function foundation(): Suite {
  const ground = new Ground();
  return {
    figures: [
      ...planning(),
      ...bigModel(),
      ...traffic(ground),
      ...memory(ground),
      ...rest(ground),
      ...upgrade(ground),
      ...adversity(ground),
      ...outage(ground),
      ...scale(),
      ...commands(),
    ],
    close: () => ground.close(),
  };
}
