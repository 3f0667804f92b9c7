export { TestApplication, type ResourceStatus } from './application.ts';
export { startArgoCd, type ArgoCd } from './start.ts';
