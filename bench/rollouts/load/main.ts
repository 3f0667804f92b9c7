import { SteadyLoad } from './client.ts';
import type { SteadyPlan } from './plan.ts';

/** The load's own process: takes a plan as its argument, and at any message stops and sends what became of it. */
const load = new SteadyLoad(JSON.parse(process.argv[2] ?? '') as SteadyPlan);
process.once('message', () => {
  void load.stop().then((samples) => process.send?.(samples, () => process.exit(0)));
});
// Whoever started it is gone.
process.once('disconnect', () => process.exit(1));
