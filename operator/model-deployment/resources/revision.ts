import { API_VERSION } from '#contract/names.ts';
import type { S3Connection } from '#contract/programs.ts';
import type { ModelRevisionSpec } from '#operator/api/model-revision.ts';
import type { ModelRevision } from '#operator/api/objects.ts';
import { MEMORY } from '../annotations.ts';
import { childMetadata, type Owner } from '../identity.ts';

/** A new ModelRevision: immutable content under a name made of its hash, and annotations that may change. */
export function modelRevision(
  owner: Owner,
  name: string,
  spec: ModelRevisionSpec,
  memory: {
    readonly number: number;
    readonly specHash: string;
    readonly now: number;
    readonly connection: S3Connection | undefined;
  },
): ModelRevision {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelRevision',
    metadata: childMetadata(owner, name, {
      annotations: {
        [MEMORY.revisionNumber]: String(memory.number),
        [MEMORY.specHash]: memory.specHash,
        [MEMORY.targetSince]: String(memory.now),
        ...(memory.connection === undefined
          ? {}
          : { [MEMORY.connection]: JSON.stringify(memory.connection) }),
      },
    }),
    spec,
  };
}
