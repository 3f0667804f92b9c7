/** For tests and figures: states in memory, and the properties that every plan keeps. */
export { checkPlansSettle, type SettleReport } from './settle.ts';
export { World } from './world.ts';
export { resolvedSource, rollback } from './fixtures.ts';
export { underLoad } from './readings.ts';
export { endOf } from './model-end.ts';
export { Model, type Note, type Quality } from './model.ts';
export { SimulatedTraffic } from './model-readings.ts';
export { heard, readScene, readyNow, type Ears, type Scene, type Write } from './model-scene.ts';
export { rolloutWalk, type RolloutStep } from './model-steps.ts';
export { brokenBy } from './model-walk.ts';
