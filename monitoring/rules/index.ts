import { stringify } from 'yaml';
import { modelAlerts } from './models.ts';
import { operatorAlerts } from './operator.ts';
import { recordings } from './recordings.ts';
import { rolloutAlerts } from './rollouts.ts';
import type { Alert, Recording } from './rule.ts';

export type { Alert, Recording, Severity } from './rule.ts';

export const alerts: readonly Alert[] = [...modelAlerts, ...rolloutAlerts, ...operatorAlerts];
export { recordings } from './recordings.ts';
export { systemRules, type SystemAlert } from './systems.ts';

/** Where runbooks lie in this repository; the chart's prometheusRule.runbookBase replaces it. */
const RUNBOOKS = 'docs/runbooks';

export function runbookOf({ alert }: Pick<Alert, 'alert'>): string {
  return `${RUNBOOKS}/${alert}.md`;
}

const written = ({ alert, expr, severity, summary, description, ...rest }: Alert): object => ({
  alert,
  expr,
  for: rest.for,
  labels: { severity },
  annotations: { summary, description, runbook_url: runbookOf({ alert }) },
});

/** A rules file as Prometheus reads it. */
export function rulesFile(): string {
  const recorded: readonly Recording[] = recordings;
  const groups = [
    { name: 'windlass.recordings', rules: recorded },
    { name: 'windlass.models', rules: modelAlerts.map(written) },
    { name: 'windlass.rollouts', rules: rolloutAlerts.map(written) },
    { name: 'windlass.operator', rules: operatorAlerts.map(written) },
  ];
  return stringify({ groups }, { lineWidth: 0 });
}
