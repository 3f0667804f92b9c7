import { setTimeout as sleep } from 'node:timers/promises';
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
export async function duplicatesOf(deployment: TestDeployment, change: number): Promise<readonly Defect[]> {
  const revisions = (await childrenOf(deployment)).filter(({ kind }) => kind === 'ModelRevision');
  const numbers = revisions.map(({ status }) => status?.revision);
  const digests = revisions.map(({ spec }) => spec?.artifact?.sha256);
  return broken(change, [
    [new Set(numbers).size === numbers.length, `revision numbers ${numbers.join(', ')}`],
    [new Set(digests).size === digests.length, `two revisions of one artifact: ${digests.join(', ')}`],
  ]);
}

/** What is left at rest beside the stable revision and the warm one; pods that drain have their time. */
export async function leftOversOf(deployment: TestDeployment, change: number): Promise<readonly Defect[]> {
  const end = performance.now() + 90_000;
  for (;;) {
    const defects = await leftOversNow(deployment, change);
    if (defects.length === 0 || performance.now() > end) return defects;
    await sleep(1000);
  }
}

async function leftOversNow(deployment: TestDeployment, change: number): Promise<readonly Defect[]> {
  const children = await childrenOf(deployment);
  const of = (kind: string): readonly Child[] => children.filter((child) => child.kind === kind);
  const stable = of('ModelRevision').filter(({ status }) => status?.state === 'Stable');
  return broken(change, [
    [stable.length === 1, `${stable.length} stable revisions`],
    [of('Deployment').length <= 2, `${of('Deployment').length} Deployments`],
    [of('Service').length <= 3, `${of('Service').length} Services`],
    [of('ConfigMap').length === 1, `${of('ConfigMap').length} ConfigMaps`],
    [
      children.every(({ metadata }) => metadata.ownerReferences?.length === 1),
      'a child that is not owned by its ModelDeployment alone',
    ],
  ]);
}

function childrenOf({ name, namespace }: TestDeployment): Promise<readonly Child[]> {
  return namespace.list<Child>(
    'modelrevisions,deployments,services,configmaps,poddisruptionbudgets',
    `windlass.dev/model-deployment=${name}`,
  );
}

function broken(
  change: number,
  rules: readonly (readonly [holds: boolean, what: string])[],
): readonly Defect[] {
  return rules.filter(([holds]) => !holds).map(([, what]) => ({ change, what }));
}
