import { totalmem } from 'node:os';
import { ENVIRONMENT } from '#contract/programs.ts';

export interface MemoryFacts {
  /** Bytes that this process may have. */
  readonly limit: number;
  /** Bytes that it has without the model. */
  readonly used: number;
  /** Bytes that one loaded copy of the model takes. */
  readonly model: number;
}

/** Loading takes more than what stays, and requests need room: the limit is not filled to the brim. */
const LOADING = 1.5;
const FILL = 0.8;

/** Whether so many copies of the model may be loaded. */
export function copiesFit({ limit, used, model }: MemoryFacts, copies: number): boolean {
  return used + (copies - 1 + LOADING) * model <= FILL * limit;
}

/** The pod's limit, else the cgroup's, else the machine's memory. */
export function memoryLimit(): number {
  const given = Number(process.env[ENVIRONMENT.memoryLimit] ?? '');
  if (Number.isSafeInteger(given) && given > 0) return given;
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}
