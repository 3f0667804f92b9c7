export const NOTIFICATION_KINDS = ['undone', 'rejected', 'promoted', 'drifted'] as const;
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** One happening, as templates see it. All fields are text; what does not apply is empty. */
export interface Notification {
  readonly kind: NotificationKind;
  readonly namespace: string;
  /** The ModelDeployment. */
  readonly name: string;
  /** The ModelRevision that this is about, and its number. */
  readonly revision: string;
  readonly number: string;
  /** What served before, or what was undone. */
  readonly from: string;
  /** What serves now. */
  readonly to: string;
  /** The event's reason, in one word. */
  readonly reason: string;
  readonly message: string;
  /** ISO 8601. */
  readonly time: string;
  /** What to run to see more. */
  readonly command: string;
}

export const NOTIFICATION_FIELDS = [
  'kind',
  'namespace',
  'name',
  'revision',
  'number',
  'from',
  'to',
  'reason',
  'message',
  'time',
  'command',
] as const satisfies readonly (keyof Notification)[];
