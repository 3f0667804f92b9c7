/** For tests and figures: states in memory, and the properties that every plan keeps. */
export { checkPlansSettle, type SettleReport } from './settle.ts';
export { World } from './world.ts';
export { resolvedSource, rollback } from './fixtures.ts';
export { underLoad } from './readings.ts';
