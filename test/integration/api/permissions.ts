/** A verb, a resource (with `:name` where the right is for one object, or a subresource's flag), and the namespace where it is not a tenant's. */
type Right = readonly [verb: string, what: string, namespace?: string];

export const OPERATOR = 'system:serviceaccount:windlass-system:windlass';
const HOME = 'windlass-system';

const rights = (verbs: string, ...resources: readonly string[]): readonly Right[] =>
  verbs.split(' ').flatMap((verb) => resources.map((what): Right => [verb, what]));

export const operatorMay: readonly Right[] = [
  ...rights('get list watch', 'modeldeployments.windlass.dev', 'modelrollbacks.windlass.dev', 'pods'),
  ...rights('patch', 'modeldeployments.windlass.dev --subresource=status', 'pods'),
  ...rights(
    'create patch delete',
    'modelrevisions.windlass.dev',
    'modelrollbacks.windlass.dev',
    'deployments.apps',
    'services',
    'configmaps',
  ),
  ...rights(
    'create patch delete',
    'poddisruptionbudgets.policy',
    'horizontalpodautoscalers.autoscaling',
    'jobs.batch',
    'cronjobs.batch',
  ),
  ...rights('get', 'pods --subresource=log', 'secrets'),
  ...rights('create patch', 'events.events.k8s.io'),
  ['create', 'leases.coordination.k8s.io', HOME],
  ['patch', 'leases.coordination.k8s.io:windlass-operator', HOME],
];

export const mayNot: readonly Right[] = [
  ...rights('create update patch delete', 'modeldeployments.windlass.dev'),
  ...rights('list watch create patch delete', 'secrets'),
  ...rights('create delete', 'pods'),
  ...rights('create', 'pods --subresource=exec', 'serviceaccounts --subresource=token'),
  ...rights('list', 'namespaces', 'nodes', 'serviceaccounts', 'roles.rbac.authorization.k8s.io'),
  ...rights('get', 'leases.coordination.k8s.io:windlass-operator'),
  ['get', 'leases.coordination.k8s.io:another', HOME],
];

/** ClusterRole, verb, resource, answer. */
export const people: readonly (readonly [string, string, string, 'yes' | 'no'])[] = [
  ['view', 'list', 'modeldeployments.windlass.dev', 'yes'],
  ['view', 'create', 'modeldeployments.windlass.dev', 'no'],
  ['view', 'create', 'modelrollbacks.windlass.dev', 'no'],
  ['edit', 'create', 'modeldeployments.windlass.dev', 'yes'],
  ['edit', 'update', 'modeldeployments.windlass.dev --subresource=scale', 'yes'],
  ['edit', 'create', 'modelrollbacks.windlass.dev', 'no'],
  ['edit', 'patch', 'modelrevisions.windlass.dev', 'no'],
  ['admin', 'create', 'modelrollbacks.windlass.dev', 'yes'],
  ['windlass-rollback', 'create', 'modelrollbacks.windlass.dev', 'yes'],
  ['windlass-rollback', 'create', 'modeldeployments.windlass.dev', 'no'],
];
