import { JOB } from '../scrape.ts';
import { WHO, type Alert } from './rule.ts';

const age = 'time() - max by (namespace, name) (windlass_rollout_phase_since_seconds)';
const WAITING = 'WaitingForPromotion|Paused';
const phased = (seconds: number, selector: string): string =>
  `((${age}) > ${String(seconds)}) * on (namespace, name) group_left (phase, reason, candidate) windlass:modeldeployment:info{${selector}}`;

/** What becomes of a candidate. */
export const rolloutAlerts: readonly Alert[] = [
  {
    alert: 'WindlassRolloutStuck',
    // Steps and bakes may be meant to take hours; to read, start or promote may not.
    expr: `${phased(1800, 'phase=~"Resolving|Starting|Promoting"')} or ${phased(86_400, `phase=~"Shadow|Step|Baking",reason!~"${WAITING}"`)}`,
    for: '5m',
    severity: 'warning',
    summary: `The rollout of ${WHO} does not move`,
    description: `${WHO}: its rollout has been in phase {{ $labels.phase }} ({{ $labels.reason }}) for {{ $value | humanizeDuration }}.`,
  },
  {
    alert: 'WindlassRolloutWaiting',
    expr: phased(14_400, `reason=~"${WAITING}"`),
    for: '5m',
    severity: 'info',
    summary: `The rollout of ${WHO} waits for a person`,
    description: `${WHO}: candidate {{ $labels.candidate }} has waited in phase {{ $labels.phase }} ({{ $labels.reason }}) for {{ $value | humanizeDuration }}. Promote it or abort it.`,
  },
  {
    alert: 'WindlassRolloutCheckFailing',
    expr: 'max by (namespace, name, check) (windlass_rollout_check{state="Failing"}) == 1',
    for: '2m',
    severity: 'warning',
    summary: `A check of the rollout of ${WHO} fails`,
    description: `${WHO}: the check {{ $labels.check }} fails, and the rollout stays where it is until somebody decides.`,
  },
  {
    alert: 'WindlassCandidateFailing',
    // One failure of a handful says nothing, as with the checks' minSamples.
    expr: `windlass:candidate_failures:ratio_rate5m > 0.02 and on (namespace, name) sum by (namespace, name) (increase(windlass_forwarded_total{job="${JOB.runtime}",target="candidate"}[5m])) >= 50`,
    for: '5m',
    severity: 'warning',
    summary: `The candidate of ${WHO} fails requests`,
    description: `${WHO}: the candidate failed {{ $value | humanizePercentage }} of what it was passed in the last 5 minutes; the stable revision answered instead. The limit is 2 %.`,
  },
  {
    alert: 'WindlassTrafficNotApplied',
    expr: `max by (namespace, name) (windlass_traffic_generation{job="${JOB.runtime}"}) - min by (namespace, name) (windlass_traffic_generation{job="${JOB.runtime}"}) > 0`,
    for: '5m',
    severity: 'warning',
    summary: `Pods of ${WHO} follow an old traffic file`,
    description: `${WHO}: a pod is {{ $value }} generations of the traffic file behind another one, and passes on another share than the rollout asks for.`,
  },
];
