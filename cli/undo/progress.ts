import type { ModelDeployment, ModelRollback } from '#operator/api/objects.ts';

export type UndoState =
  | { readonly kind: 'waiting'; readonly for: string }
  | { readonly kind: 'serves' }
  /** It is the stable revision, and nothing runs until the ModelDeployment is scaled up. */
  | { readonly kind: 'scaledToZero' }
  | { readonly kind: 'failed'; readonly message: string };

/** How far an undo to the ModelRevision `to` has come. */
export function undoState(rollback: ModelRollback, deployment: ModelDeployment, to: string): UndoState {
  switch (rollback.status?.state) {
    case undefined:
      return { kind: 'waiting', for: 'the operator to take it up' };
    case 'Invalid':
      return { kind: 'failed', message: rollback.status.message ?? 'the operator refuses it' };
    case 'Superseded':
      return {
        kind: 'failed',
        message: rollback.status.message ?? 'another spec has been applied in the meantime',
      };
    case 'Active':
      break;
  }
  if (deployment.status?.stableRevision !== to) return { kind: 'waiting', for: `${to} to serve` };
  const available = deployment.status.conditions?.find((it) => it.type === 'Available');
  if (available?.reason === 'ScaledToZero') return { kind: 'scaledToZero' };
  return available?.status === 'True'
    ? { kind: 'serves' }
    : { kind: 'waiting', for: available?.message ?? `${to} to serve` };
}
