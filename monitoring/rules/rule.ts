export interface Recording {
  readonly record: string;
  readonly expr: string;
}

export type Severity = 'critical' | 'warning' | 'info';

/** An alert as a person wakes up to it. Texts are Prometheus templates: {{ $labels.name }}, {{ $value }}. */
export interface Alert {
  readonly alert: `Windlass${string}`;
  readonly expr: string;
  /** How long the expression must hold. */
  readonly for: string;
  readonly severity: Severity;
  readonly summary: string;
  /** What was found, where, with the value. */
  readonly description: string;
}

/** A ModelDeployment as a description names it. */
export const WHO = '{{ $labels.namespace }}/{{ $labels.name }}';
