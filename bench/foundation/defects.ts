import type { ObjectMeta } from '#operator/api/objects.ts';
import type { TestDeployment } from '#test/bed/model-deployment.ts';

export interface Defect {
  readonly change: number;
  readonly what: string;
}

interface Child {
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly replicas?: number; readonly artifact?: { readonly sha256: string } };
  readonly status?: { readonly state?: string; readonly revision?: number };
}

/** What must be unique after any change, and is not. */
export async function censusOf(
  { name, namespace }: TestDeployment,
  change: number,
): Promise<readonly Defect[]> {
  const children = await namespace.list<Child>(
    'modelrevisions,deployments,services,configmaps,poddisruptionbudgets',
    `windlass.dev/model-deployment=${name}`,
  );
  const of = (kind: string): readonly Child[] => children.filter((child) => child.kind === kind);
  const revisions = of('ModelRevision');
  const numbers = revisions.map(({ status }) => status?.revision);
  const digests = revisions.map(({ spec }) => spec?.artifact?.sha256);
  const stable = revisions.filter(({ status }) => status?.state === 'Stable');
  const rules: readonly (readonly [boolean, string])[] = [
    [new Set(numbers).size === numbers.length, `revision numbers ${numbers.join(', ')}`],
    [new Set(digests).size === digests.length, `two revisions of one artifact: ${digests.join(', ')}`],
    [stable.length === 1, `${stable.length} stable revisions`],
    [of('Deployment').length <= 2, `${of('Deployment').length} Deployments`],
    [of('Service').length <= 3, `${of('Service').length} Services`],
    [of('ConfigMap').length === 1, `${of('ConfigMap').length} ConfigMaps`],
    [
      children.every(({ metadata }) => metadata.ownerReferences?.length === 1),
      'a child that is not owned by its ModelDeployment alone',
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, what]) => ({ change, what }));
}
