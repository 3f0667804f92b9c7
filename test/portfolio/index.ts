/** The five systems of deploy/examples on a cluster: trained, pushed or registered, and served. */
export { realDataOf, trainBundle, windlassTrain } from './bundles.ts';
export { modelDeployment, groundwork, type Places } from './manifests.ts';
export { requestsOf, type PredictRequest } from './requests.ts';
export { Portfolio, type PortfolioOptions } from './portfolio.ts';
export { NAMESPACE, SYSTEMS, type System } from './systems.ts';
export { tellStory, type StoryEnd } from './story.ts';
