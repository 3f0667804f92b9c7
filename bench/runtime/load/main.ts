import { LoadClient } from './client.ts';
import type { LoadPlan } from './plan.ts';

/** The load's own process: takes a plan as its argument, prints a report. */
const client = new LoadClient(JSON.parse(process.argv[2] ?? '') as LoadPlan);
console.log(JSON.stringify(await client.run()));
process.exit(0);
