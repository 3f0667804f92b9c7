import type { RolloutSettings } from '#operator/api/rollout-settings.ts';
import { durationMs } from '#operator/api/schema.ts';

/**
 * One stop of a rollout on its way to the promotion. Stage 0 comes before the first step: shadow copies where they are
 * asked for, else nothing but a place to be paused at. Stage i is step i.
 */
export interface Stage {
  readonly kind: 'Gate' | 'Shadow' | 'Step';
  /** Percent of the requests that the candidate answers. */
  readonly weight: number;
  /** Percent of the others that are copied to it. */
  readonly shadow: number;
  /** `person`: until somebody promotes it. */
  readonly holdMs: number | 'person';
  /** Pods of the candidate that it takes. */
  readonly pods: number;
}

export interface Sizes {
  readonly replicas: number;
  /** Pods of the candidate that promotion takes: all of them, but where `maxSurge` leaves no room. */
  readonly full: number;
  /** Whether the candidate runs beside a stable pod that can pass requests on. */
  readonly together: boolean;
  readonly maxSurge: number | undefined;
}

/** How many pods each may have. With one replica and no surge there is room for one alone: the stable pod makes way. */
export function sizesOf(replicas: number, maxSurge: number | undefined): Sizes {
  if (maxSurge === undefined) return { replicas, full: replicas, together: true, maxSurge };
  const room = replicas + maxSurge;
  const together = room >= 2;
  return { replicas, full: Math.min(replicas, Math.max(1, room - (together ? 1 : 0))), together, maxSurge };
}

/** Pods of the stable revision beside `candidate` pods of another. */
export function stablePods({ replicas, maxSurge, together }: Sizes, candidate: number): number {
  if (maxSurge === undefined) return replicas;
  return Math.max(together ? 1 : 0, Math.min(replicas, replicas + maxSurge - candidate));
}

/** Pods for a share of the traffic: never under one, never over what fits. */
export function podsFor(percent: number, { replicas, full }: Sizes): number {
  return Math.min(full, Math.max(1, Math.ceil((replicas * percent) / 100)));
}

/** The stops of a rollout with these settings; `straight`: to the promotion at once, as the first revision and an undo go. */
export function stagesOf(
  settings: RolloutSettings,
  sizes: Sizes,
  straight: boolean,
  paused = false,
): readonly Stage[] {
  const gate: Stage = { kind: 'Gate', weight: 0, shadow: 0, holdMs: 0, pods: 1 };
  if (straight) return [];
  // Where one has to make way for the other, a pause leaves the stable one where it is.
  if (!sizes.together) return [{ ...gate, pods: paused ? 0 : 1 }];
  const { shadow, steps = [] } = settings;
  const first: Stage =
    shadow === undefined
      ? { ...gate, pods: podsFor(steps[0]?.weight ?? 100, sizes) }
      : {
          kind: 'Shadow',
          weight: 0,
          shadow: shadow.percent,
          holdMs: durationMs(shadow.hold),
          pods: podsFor(shadow.percent, sizes),
        };
  return [
    first,
    ...steps.map(({ weight, hold }): Stage => ({
      kind: 'Step',
      weight,
      shadow: 0,
      holdMs: hold === undefined ? 'person' : durationMs(hold),
      pods: podsFor(weight, sizes),
    })),
  ];
}
