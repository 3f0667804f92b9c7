export { TestApplication, type ApplicationStatus, type ResourceStatus } from './application.ts';
export { startArgoCd, type ArgoCd } from './start.ts';
