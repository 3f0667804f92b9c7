import { ANNOTATION, LABEL } from '#contract/names.ts';
import type { ConfigMap, Service } from '#operator/kube/index.ts';
import type { SourceState } from '#operator/source/index.ts';
import { MEMORY } from '../annotations.ts';
import { childMetadata, ownerOf } from '../identity.ts';
import { NAME, NAMESPACE, resolvedSource, rollback } from './fixtures.ts';
import type { Step } from './steps.ts';
import type { World } from './world.ts';

/** Does one step to a world. */
export async function take(world: World, step: Step): Promise<void> {
  switch (step.do) {
    case 'reconcile':
      if (step.limit === undefined) await world.reconcile();
      else await world.carryOut(world.plan(), step.limit);
      return;
    case 'deploy':
      world.changeSpec({ model: { uri: `s3://models/churn/${step.content}/` } });
      world.setSource(sourceState(world, 'resolved', step.content));
      await world.reconcile();
      world.now += 2_000;
      world.runPods({ ready: true });
      await world.reconcile();
      return;
    case 'spec':
      return world.changeSpec({ model: { uri: `s3://models/churn/${step.uri}/` } });
    case 'replicas':
      return world.changeSpec({ replicas: step.replicas });
    case 'history':
      return world.changeSpec({ history: { limit: step.limit, warm: step.warm } });
    case 'autoscaling':
      return world.changeSpec({
        autoscaling: step.on ? { minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 70 } : null,
      });
    case 'follow':
      return world.changeSpec({ model: { refreshInterval: step.on ? '1m' : null } });
    case 'identity':
      return world.changeSpec({ model: { credentials: step.secret ? { secretName: 's3' } : null } });
    case 'source':
      return world.setSource(sourceState(world, step.kind, step.content));
    case 'wait':
      world.now += step.ms;
      return;
    case 'upgrade':
      world.runtimeImage = 'runtime:2';
      return;
    case 'undo':
    case 'remove':
    case 'pods':
    case 'run':
    case 'acknowledge':
    case 'foreign':
    case 'lose':
    case 'damage':
      return disturb(world, step);
  }
}

type Disturbance = Extract<
  Step,
  { do: 'undo' | 'remove' | 'pods' | 'run' | 'acknowledge' | 'foreign' | 'lose' | 'damage' }
>;

function disturb(world: World, step: Disturbance): void {
  const { cluster } = world;
  switch (step.do) {
    case 'undo':
      cluster.put(
        rollback(
          `undo-${cluster.list({ kind: 'ModelRollback' }).length}`,
          step.to === undefined ? {} : { toRevision: toRevision(world, step.to) },
        ),
      );
      return;
    case 'remove': {
      // Creation times have whole seconds: what is made again is younger.
      world.now += 1_000;
      const victim = nth(cluster.list({ kind: step.kind }), step.pick);
      if (victim !== undefined) cluster.remove(step.kind, victim.metadata.name);
      return;
    }
    case 'pods': {
      const revision = nth(world.deployments, step.pick);
      if (revision !== undefined) world.setPods(revision.metadata.name, step.state);
      return;
    }
    case 'run':
      return world.runPods({ ready: step.ready });
    case 'acknowledge':
      for (const { metadata } of world.pods) world.acknowledged.set(metadata.uid ?? '', step.generation);
      return;
    case 'foreign':
      return putForeign(world, step.kind, step.pick);
    case 'lose':
      return lose(world, step.what, step.pick);
    case 'damage':
      return damage(world, step.what, step.pick);
  }
}

function sourceState(
  world: World,
  kind: 'pending' | 'resolved' | 'failed' | 'refreshFailed',
  content: number,
): SourceState {
  const failure = { reason: 'NotFound' as const, message: 'no such key', transient: content % 2 === 0 };
  // One content has a field less, so that some candidates do not fit.
  const source = resolvedSource(`content-${content}`, content === 3 ? ['income'] : ['age', 'income']);
  if (kind === 'pending') return { state: 'pending', since: world.now };
  if (kind === 'failed') return { state: 'failed', failure, at: world.now };
  return { state: 'resolved', source, at: world.now, ...(kind === 'refreshFailed' ? { failure } : {}) };
}

function toRevision(world: World, pick: number): number | string {
  const revision = nth(world.revisions, pick);
  return revision === undefined || pick % 2 === 0 ? pick + 1 : revision.metadata.name;
}

/** An object of another owner under a name that is ours to use, or was until now. */
function putForeign(world: World, kind: string, pick: number): void {
  const revision = nth(world.revisions, pick)?.metadata.name ?? NAME;
  const names: Readonly<Record<string, string>> = {
    ConfigMap: `${NAME}-traffic`,
    HorizontalPodAutoscaler: NAME,
  };
  const name = names[kind] ?? (pick === 0 ? NAME : revision);
  const known = world.cluster.get(kind, name);
  if (known !== undefined) world.cluster.remove(kind, name);
  const labelled =
    pick % 2 === 0 ? { labels: { [LABEL.modelDeployment]: NAME, [LABEL.revision]: name } } : {};
  const object = known ?? { apiVersion: 'v1', kind, spec: {} };
  world.cluster.put({
    ...object,
    kind,
    metadata: { name, namespace: NAMESPACE, uid: `foreign-${kind}`, ...labelled },
  });
}

function lose(world: World, what: 'status' | 'annotations' | 'owner', pick: number): void {
  const { cluster } = world;
  const kinds =
    what === 'status'
      ? ['ModelDeployment', 'ModelRevision', 'ModelRollback']
      : ['ModelRevision', 'ModelRollback', 'ConfigMap', 'Deployment'];
  const victim = nth(
    kinds.flatMap((kind) => cluster.list({ kind })),
    pick,
  );
  if (victim === undefined) return;
  const { annotations: _, ownerReferences: __, ...bare } = victim.metadata;
  const { annotations, ownerReferences } = victim.metadata;
  const kept = {
    ...bare,
    ...(what !== 'annotations' && annotations !== undefined ? { annotations } : {}),
    ...(what !== 'owner' && ownerReferences !== undefined ? { ownerReferences } : {}),
  };
  const entries = Object.entries(victim).filter(([key]) => !(what === 'status' && key === 'status'));
  cluster.put({
    ...victim,
    ...Object.fromEntries(entries),
    ...(what === 'status' ? { status: undefined } : {}),
    metadata: kept,
  });
}

function damage(world: World, what: 'traffic' | 'selector' | 'memory', pick: number): void {
  const { cluster } = world;
  const owner = ownerOf(world.modelDeployment);
  if (what === 'selector') {
    const revision = nth(world.revisions, pick)?.metadata.name ?? 'nothing';
    const service = cluster.get('Service', NAME) as Service | undefined;
    if (service !== undefined)
      cluster.merge('Service', NAME, { spec: { selector: { [LABEL.revision]: revision } } });
    return;
  }
  const name = `${NAME}-traffic`;
  const known = cluster.get('ConfigMap', name) as ConfigMap | undefined;
  const broken: ConfigMap = known ?? {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(owner, name),
    data: {},
  };
  if (what === 'traffic') cluster.put({ ...broken, data: { 'traffic.json': '{' } });
  else
    cluster.put({
      ...broken,
      metadata: {
        ...broken.metadata,
        annotations: {
          [MEMORY.promotions]: '[{"revision":"gone","from":1}]',
          [ANNOTATION.highestRevision]: 'x',
        },
      },
    });
}

function nth<T>(items: readonly T[], pick: number): T | undefined {
  return items.length === 0 ? undefined : items[pick % items.length];
}
