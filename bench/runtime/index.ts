import type { Suite } from '../figure.ts';
import { large } from './large.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { overload } from './overload.ts';
import { pictures } from './pictures.ts';
import { throughput } from './throughput.ts';

/** The figures of the inference server, most of them against the servers that it replaces. */
export function runtime(): Suite {
  return {
    figures: [...throughput(), ...latency(), ...large(), ...pictures(), ...memory(), ...overload()],
    close: () => Promise.resolve(),
  };
}
