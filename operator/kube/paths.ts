import type { KubeObject, Ref, ResourceType } from './types.ts';

/** The collection's path: `/apis/apps/v1/namespaces/churn/deployments`. */
export function collectionPath<T extends KubeObject>(type: ResourceType<T>, namespace?: string): string {
  const root = type.apiVersion.includes('/') ? `/apis/${type.apiVersion}` : `/api/${type.apiVersion}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${type.plural}`;
}

export function objectPath<T extends KubeObject>(
  type: ResourceType<T>,
  ref: Ref,
  subresource?: string,
): string {
  const tail = subresource === undefined ? '' : `/${subresource}`;
  return `${collectionPath(type, ref.namespace)}/${encodeURIComponent(ref.name)}${tail}`;
}

/** How logs and errors call an object: `deployments churn/bankchurn-0a1b2c3d4e`. */
export function describeRef<T extends KubeObject>(type: ResourceType<T>, ref: Ref): string {
  return `${type.plural} ${ref.namespace}/${ref.name}`;
}
