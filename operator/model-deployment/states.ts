import type { RevisionState } from '#operator/api/model-revision.ts';
import type { Action } from './action.ts';
import { isoTime, type Promotion } from './annotations.ts';
import { mergePatch } from './merge-patch.ts';
import type { Observed } from './observed.ts';
import { isRejected, type Facts, type RevisionRecord } from './revisions.ts';
import type { Rollout } from './rollout.ts';

/** What this plan makes of the revisions. */
export interface Roles {
  readonly stable: string | undefined;
  readonly warm: readonly string[];
  readonly promotions: readonly Promotion[];
  readonly rollout: Rollout;
}

interface Verdict {
  readonly state: RevisionState;
  readonly reason?: string;
  readonly message?: string;
}

/** The status of each ModelRevision that differs from what it says. */
export function stateActions(o: Observed, facts: Facts, roles: Roles): readonly Action[] {
  return facts.records.flatMap((record): readonly Action[] => {
    const verdict = verdictOn(record, roles);
    const before = record.object.status ?? {};
    const since =
      before.state === verdict.state && before.since !== undefined ? before.since : isoTime(o.now);
    const wanted = { ...(record.number > 0 ? { revision: record.number } : {}), ...verdict, since };
    const patch = mergePatch(before, wanted);
    if (patch === undefined) return [];
    const { uid } = record.object.metadata;
    return [
      {
        verb: 'patch',
        kind: 'ModelRevision',
        name: record.name,
        uid,
        patch: { status: patch },
        subresource: 'status',
      },
    ];
  });
}

function verdictOn(record: RevisionRecord, { stable, warm, promotions, rollout }: Roles): Verdict {
  const { name } = record;
  if (name === stable) return { state: 'Stable' };
  if (rollout.phase === 'Rejected' && rollout.revision.name === name) return rejected(rollout.rejection);
  if (isCandidate(rollout, name)) return { state: 'Candidate' };
  if (warm.includes(name)) return { state: 'Warm' };
  if (record.rejection !== undefined && isRejected(record, promotions)) return rejected(record.rejection);
  const served = promotions.some(({ revision }) => revision === name);
  if (served || record.object.status?.state === 'Retired') return { state: 'Retired' };
  const { state, reason, message } = record.object.status ?? {};
  // Rejected for what its bundle is, which is kept nowhere else, and then something else was asked for.
  if (state === 'Rejected' && reason !== undefined && message !== undefined)
    return rejected({ reason, message });
  return {
    state: 'Superseded',
    reason: 'Superseded',
    message: 'Another revision was asked for before this one was judged. It may come back.',
  };
}

function rejected({ reason, message }: { readonly reason: string; readonly message: string }): Verdict {
  return { state: 'Rejected', reason, message };
}

function isCandidate(rollout: Rollout, name: string): boolean {
  return 'candidate' in rollout && rollout.candidate?.name === name;
}
