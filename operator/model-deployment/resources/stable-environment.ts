import { MANIFEST_FILE } from '#contract/model-manifest.ts';
import type { Artifact } from '#contract/artifact.ts';
import type { EnvVar } from '#operator/kube/index.ts';

/** A process takes no variable over 128 KiB; a bundle with so many long names is found by its digests alone. */
const MOST_BYTES = 64 * 1024;

/** The stable revision, as far as a training program that compares with it has to know. */
export interface StableModel {
  readonly revision: string;
  /** As model.json has it. */
  readonly version: string | undefined;
  /** The bytes that it pins; undefined where somebody deleted its ModelRevision. */
  readonly artifact: Artifact | undefined;
}

/**
 * Where the very bytes are that serve: after a rejection or an undo, spec.model.uri leads to others. Every variable is
 * there always, so that a program can tell "nothing serves" from an operator that does not say.
 */
export function stableEnvironment(stable: StableModel | undefined): readonly EnvVar[] {
  const artifact = stable?.artifact;
  return [
    { name: 'WINDLASS_STABLE_REVISION', value: stable?.revision ?? '' },
    { name: 'WINDLASS_STABLE_VERSION', value: stable?.version ?? '' },
    { name: 'WINDLASS_STABLE_URI', value: artifact === undefined ? '' : pinnedUri(artifact) },
    { name: 'WINDLASS_STABLE_MANIFEST_SHA256', value: manifestDigest(artifact) },
    { name: 'WINDLASS_STABLE_VERSION_IDS', value: versionIds(artifact) },
  ];
}

/** A registry's version, not its alias; else the S3 prefix or object. */
function pinnedUri({ registry, uri }: Artifact): string {
  return registry === undefined ? uri : `models:/${registry.name}/${registry.version}`;
}

function manifestDigest(artifact: Artifact | undefined): string {
  return artifact?.files.find(({ path }) => path === MANIFEST_FILE)?.sha256 ?? '';
}

/** Path -> S3 version, as JSON; '' where the bucket keeps none, or the registry has the files. */
function versionIds(artifact: Artifact | undefined): string {
  if (artifact === undefined || artifact.registry !== undefined) return '';
  const kept = artifact.files.flatMap(({ path, versionId }) =>
    versionId === undefined ? [] : [[path, versionId] as const],
  );
  const text = kept.length === 0 ? '' : JSON.stringify(Object.fromEntries(kept));
  return Buffer.byteLength(text) > MOST_BYTES ? '' : text;
}
