import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';

export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  /** When it was answered, in the stage ResponseComplete. */
  readonly stageTimestamp?: string;
  readonly userAgent?: string;
  readonly user?: { readonly username?: string };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

/** A write, as `<verb> <resource>[/<subresource>]`, and how often it was asked for. */
export type WriteCounts = ReadonlyMap<string, number>;

/** Where an audit log ends now, so that only what comes later is read. */
export async function endOf(auditLog: string): Promise<number> {
  return (await stat(auditLog)).size;
}

/**
 * The operator's writes in an audit log from a position on; its Lease, events and the touches of pods are not counted
 * (`keep` narrows further).
 */
export async function operatorWrites(
  auditLog: string,
  from: number,
  keep: (event: AuditEvent) => boolean = () => true,
): Promise<WriteCounts> {
  const counts = new Map<string, number>();
  for (const event of await writesOf(auditLog, from, keep)) {
    const { resource, subresource } = event.objectRef ?? {};
    const key = `${event.verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The same writes, one by one. */
export async function writesOf(
  auditLog: string,
  from: number,
  keep: (event: AuditEvent) => boolean = () => true,
): Promise<readonly AuditEvent[]> {
  const events: AuditEvent[] = [];
  const lines = createInterface({ input: createReadStream(auditLog, { start: from }) });
  for await (const line of lines) {
    const event = JSON.parse(line) as AuditEvent;
    if (event.stage === 'ResponseComplete' && isOperator(event) && isCounted(event) && keep(event))
      events.push(event);
  }
  return events;
}

const isOperator = (event: AuditEvent): boolean => event.userAgent?.startsWith('windlass-operator') ?? false;

function isCounted({ objectRef, verb }: AuditEvent): boolean {
  const resource = objectRef?.resource;
  return resource !== 'leases' && resource !== 'events' && !(resource === 'pods' && verb === 'patch');
}

export function total(counts: WriteCounts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
