import { ANNOTATION, PORT } from '#contract/names.ts';
import { TRAFFIC_FILE, trafficSchema, type Traffic } from '#contract/traffic.ts';
import type { ConfigMap } from '#operator/kube/index.ts';
import type { Owner } from './identity.ts';

export function trafficName(owner: Owner): string {
  return `${owner.name}-traffic`;
}

/** A revision's ready pods, which other pods of the ModelDeployment forward to. */
export function revisionUrl(owner: Owner, revision: string): string {
  return `http://${revision}.${owner.namespace}.svc:${PORT.http}`;
}

/** Where pods of one revision give their files to one another. */
export function peerUrl(owner: Owner, revision: string): string {
  return `http://${revision}.${owner.namespace}.svc:${PORT.peer}`;
}

/** The traffic file in a ConfigMap; undefined when it is absent or was damaged by hand. */
export function readTraffic(configMap: ConfigMap | undefined): Traffic | undefined {
  const text = configMap?.data?.[TRAFFIC_FILE];
  if (text === undefined) return undefined;
  try {
    return trafficSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What a touch wrote on a pod: the generation that it should read, and how often it was told so. */
export interface Touch {
  readonly generation: number;
  readonly attempt: number;
}

export function touchValue(touch: Touch): string {
  return touch.attempt === 0 ? `${touch.generation}` : `${touch.generation}.${touch.attempt}`;
}

export function readTouch(annotations: Readonly<Record<string, string>> | undefined): Touch {
  const parts = /^(\d+)(?:\.(\d+))?$/.exec(annotations?.[ANNOTATION.trafficGeneration] ?? '');
  return { generation: Number(parts?.[1] ?? 0), attempt: Number(parts?.[2] ?? 0) };
}
