/** The five systems of deploy/examples on a cluster: trained, pushed or registered, and served. */
export { realDataOf, trainBundle } from './bundles.ts';
export { requestsOf, requestsOfData } from './requests.ts';
export { Portfolio } from './portfolio.ts';
export { NAMESPACE, SYSTEMS } from './systems.ts';
export { tellStory, type StoryEnd } from './story.ts';
