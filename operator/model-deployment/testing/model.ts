import { ANNOTATION, LABEL } from '#contract/names.ts';
import type { TrafficCandidate } from '#contract/traffic.ts';
import { specHash } from '#operator/api/hashes.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import type { ConfigMap } from '#operator/kube/index.ts';
import { ModelHolds } from './model-holds.ts';
import { trafficOf, type Scene, type Write } from './model-scene.ts';

/** What people and faults did that the promises depend on. */
export type Note =
  /** Objects or memory of the operator were damaged or deleted by hand: what it knew may be lost. */
  | { readonly kind: 'tampered' }
  | { readonly kind: 'trafficTampered' }
  | { readonly kind: 'revisionDeleted'; readonly revision: string }
  /** spec.rollout changed. */
  | { readonly kind: 'settings' }
  | { readonly kind: 'reading'; readonly quality: Quality };

/** What is read of a candidate. */
export type Quality = 'good' | 'bad' | 'none';

/**
 * The promises of the design as one small machine: it hears each write of the operator, with what could be seen just
 * before, and says which promise the write breaks. It knows nothing of how the operator decides.
 */
export class Model {
  readonly #holds = new ModelHolds();
  /** Spec hash -> revisions that were rejected under it. */
  readonly #rejected = new Map<string, Set<string>>();
  #generation = 0;

  note(note: Note): void {
    switch (note.kind) {
      case 'tampered':
        this.#rejected.clear();
        this.#generation = 0;
        return this.#holds.forget();
      case 'trafficTampered':
        this.#generation = 0;
        return this.#holds.forget();
      case 'revisionDeleted':
        for (const names of this.#rejected.values()) names.delete(note.revision);
        return;
      case 'settings':
        return this.#holds.forget();
      case 'reading':
        return this.#holds.read(note.quality);
    }
  }

  /** The promise that a write breaks, in words. `elapsedMs` is time that has passed, whatever clocks show. */
  broken(write: Write, scene: Scene, elapsedMs: number): string | undefined {
    this.#holds.hear(scene);
    const { metadata } = scene.modelDeployment;
    if (metadata.deletionTimestamp !== undefined)
      return `${write.verb} ${write.kind} ${write.name} although the ModelDeployment is being deleted`;
    if (write.verb === 'delete') return deletesProtected(write, scene);
    switch (write.kind) {
      case 'ModelDeployment':
        return write.subresource === 'status'
          ? contradicts(write)
          : 'the ModelDeployment is written beside its status';
      case 'Service':
        return write.name === metadata.name ? this.#switches(write, scene, elapsedMs) : undefined;
      case 'ConfigMap':
        return write.name === `${metadata.name}-traffic` ? this.#splits(write, scene, elapsedMs) : undefined;
      case 'Deployment':
        return write.verb === 'create' ? this.#starts(write, scene) : shrinks(write, scene);
      case 'ModelRevision':
        this.#hearState(write, scene);
        return undefined;
      default:
        return undefined;
    }
  }

  #isRejected(revision: string, { modelDeployment, rollbacks }: Scene): boolean {
    const names = this.#rejected.get(specHash(modelDeployment.spec));
    // A ModelRollback that names it, or means it, tries it again.
    const asked = rollbacks.some(({ status, spec }) => {
      const target = status?.toRevision ?? spec.toRevision;
      return target === revision || typeof target === 'number' || target === undefined;
    });
    return names?.has(revision) === true && !asked;
  }

  #starts(write: Write, scene: Scene): string | undefined {
    // What serves is kept running, whatever was found of it.
    if (write.name === scene.selected || !this.#isRejected(write.name, scene)) return undefined;
    return `${write.name} starts again under the spec that it was rejected for`;
  }

  #hearState({ name, content }: Write, { modelDeployment, revisions }: Scene): void {
    const state = field(field(content, 'status'), 'state');
    const before = revisions.find(({ metadata }) => metadata.name === name);
    if (state !== 'Rejected' || before?.status?.state !== 'Candidate') return;
    const hash = specHash(modelDeployment.spec);
    if (before.metadata.annotations?.[ANNOTATION.specHash] !== hash) return;
    const names = this.#rejected.get(hash) ?? new Set();
    this.#rejected.set(hash, names.add(name));
  }

  #switches(write: Write, scene: Scene, elapsedMs: number): string | undefined {
    const to = field(field(field(write.content, 'spec'), 'selector'), LABEL.revision);
    if (typeof to !== 'string' || to === scene.selected) return undefined;
    const held = activeUndo(scene);
    const target = held?.status?.toRevision;
    if (held !== undefined && target !== undefined && target !== to && scene.selected === target)
      return `${held.metadata.name} is active, and the stable Service leaves ${target} for ${to}`;
    const runs = scene.deployments.some(({ metadata }) => metadata.name === scene.selected);
    // A Service that is gone, or selects nothing that exists, is repaired.
    if (scene.selected === undefined || !runs) return undefined;
    const { replicas, rollout } = scene.modelDeployment.spec;
    const wanted = rollout.maxSurge === undefined ? replicas : Math.min(1, replicas);
    const ready = scene.readyPods(to);
    if (ready < wanted)
      return `the stable Service switches to ${to}, of which ${ready} of ${wanted} pods are ready`;
    return replicas === 0 || isAskedBack(to, scene) ? undefined : this.#holds.promotes(to, scene, elapsedMs);
  }

  #splits({ content }: Write, scene: Scene, elapsedMs: number): string | undefined {
    const { data } = content as Pick<ConfigMap, 'data'>;
    if (data === undefined) return undefined; // only what is remembered beside it
    const traffic = trafficOf({ data });
    if (traffic === undefined) return 'a traffic file is written that no pod can read';
    const before = this.#generation;
    this.#generation = traffic.generation;
    if (traffic.generation < before)
      return `the traffic file goes from generation ${before} to ${traffic.generation}`;
    const { candidate } = traffic;
    if (candidate === undefined) return undefined;
    if (candidate.revision === traffic.stable.revision) return `${candidate.revision} is its own candidate`;
    if (candidate.weight === 0 && candidate.shadow === 0) return undefined;
    return (
      this.#unwanted(candidate, scene) ??
      tooFewPods(candidate, scene) ??
      this.#holds.shifts(candidate, scene, elapsedMs)
    );
  }

  #unwanted({ revision }: TrafficCandidate, scene: Scene): string | undefined {
    const before = scene.traffic?.candidate;
    const already = before?.revision === revision && (before.weight > 0 || before.shadow > 0);
    if (this.#isRejected(revision, scene)) return `${revision} was rejected, and gets traffic`;
    const hash = scene.revisions.find(({ metadata }) => metadata.name === revision)?.metadata.annotations?.[
      ANNOTATION.specHash
    ];
    const wanted = hash === specHash(scene.modelDeployment.spec) || activeUndo(scene) !== undefined;
    return wanted || already ? undefined : `${revision} gets traffic, and is of an earlier spec`;
  }
}

/** The newest undo that holds under the spec of now, where none is waiting to be looked at. */
function activeUndo({ rollbacks, modelDeployment }: Scene): ModelRollback | undefined {
  if (rollbacks.some(({ status }) => status?.state === undefined)) return undefined;
  const hash = specHash(modelDeployment.spec);
  const active = rollbacks.filter(({ status }) => status?.state === 'Active' && status.fromSpecHash === hash);
  const time = ({ metadata }: ModelRollback): number => Date.parse(metadata.creationTimestamp ?? '');
  const newest = Math.max(...active.map(time));
  const last = active.filter((each) => time(each) === newest);
  return last.length === 1 ? last[0] : undefined;
}

/** A ModelRollback that has not ended names it, or may mean it: it goes straight, without steps. */
function isAskedBack(revision: string, { rollbacks, revisions }: Scene): boolean {
  const number = revisions.find(({ metadata }) => metadata.name === revision)?.status?.revision;
  return rollbacks.some(({ spec, status }) => {
    if (status?.state !== undefined && status.state !== 'Active') return false;
    const named = status?.toRevision ?? spec.toRevision;
    return named === undefined || named === revision || named === number;
  });
}

function tooFewPods({ revision, weight }: TrafficCandidate, scene: Scene): string | undefined {
  const before = scene.traffic?.candidate;
  if (before?.revision === revision && before.weight >= weight) return undefined;
  const { replicas, rollout } = scene.modelDeployment.spec;
  const wanted = rollout?.maxSurge === undefined ? Math.max(1, Math.ceil((replicas * weight) / 100)) : 1;
  const ready = scene.readyPods(revision);
  return ready >= wanted
    ? undefined
    : `${revision} gets ${weight} %, and ${ready} of ${wanted} pods are ready`;
}

function deletesProtected({ kind, name }: Write, scene: Scene): string | undefined {
  if (!['Deployment', 'Service', 'ModelRevision'].includes(kind)) return undefined;
  const { selected, traffic, modelDeployment } = scene;
  if (kind === 'Service' && name === modelDeployment.metadata.name && selected !== undefined)
    return 'the stable Service is deleted';
  const runs = scene.deployments.some(({ metadata }) => metadata.name === selected);
  if (name === selected && runs) return `${kind} ${name} of the stable revision is deleted`;
  const candidate = traffic?.candidate;
  if (candidate?.revision === name && (candidate.weight > 0 || candidate.shadow > 0))
    return `${kind} ${name} is deleted while its revision gets traffic`;
  if (kind === 'ModelRevision' && activeUndo(scene)?.status?.toRevision === name)
    return `ModelRevision ${name} is deleted, and is an undo's target`;
  return undefined;
}

/** The stable revision never shrinks below what is asked for. */
function shrinks({ name, content }: Write, scene: Scene): string | undefined {
  const replicas = field(field(content, 'spec'), 'replicas');
  const { replicas: wanted, rollout } = scene.modelDeployment.spec;
  if (typeof replicas !== 'number' || name !== scene.selected || rollout?.maxSurge !== undefined)
    return undefined;
  return replicas >= wanted ? undefined : `the stable ${name} shrinks to ${replicas} of ${wanted} pods`;
}

function contradicts({ content }: Write): string | undefined {
  const conditions = field(field(content, 'status'), 'conditions');
  if (!Array.isArray(conditions)) return undefined;
  const isTrue = (type: string): boolean =>
    conditions.some((each: unknown) => field(each, 'type') === type && field(each, 'status') === 'True');
  return isTrue('Stalled') && isTrue('Reconciling') ? 'Stalled and Reconciling are both True' : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
