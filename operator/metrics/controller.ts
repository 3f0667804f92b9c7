import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { QueueObserver, ReconcileObserver } from '#operator/controller/index.ts';
import type { CallObserver } from '#operator/kube/index.ts';

// Names and labels as controller-runtime has them, so that its dashboards and rules work.

const CONTROLLER = 'modeldeployment';
const RECONCILE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const CALL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
const QUEUE_BUCKETS = [1e-4, 1e-3, 1e-2, 0.1, 0.5, 1, 5, 10, 30, 60];

/** Whether this replica leads. */
export function leaderMetric(registers: Registry[]): (leading: boolean) => void {
  const gauge = new Gauge({
    name: 'leader_election_master_status',
    help: 'Whether this replica leads',
    labelNames: ['name'],
    registers,
  });
  const leader = gauge.labels({ name: 'windlass-operator' });
  leader.set(0);
  return (leads) => leader.set(leads ? 1 : 0);
}

export function reconcileMetrics(registers: Registry[]): ReconcileObserver {
  const controller = CONTROLLER;
  const total = counter(registers, 'controller_runtime_reconcile_total', 'Reconciles by result', [
    'controller',
    'result',
  ]);
  const errors = counter(registers, 'controller_runtime_reconcile_errors_total', 'Reconciles that failed', [
    'controller',
  ]);
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of a reconcile',
    labelNames: ['controller'],
    buckets: RECONCILE_BUCKETS,
    registers,
  });
  errors.inc({ controller }, 0);
  return (result, seconds) => {
    total.inc({ controller, result });
    if (result === 'error') errors.inc({ controller });
    time.observe({ controller }, seconds);
  };
}

export function queueMetrics(registers: Registry[]): QueueObserver {
  const labels = { name: CONTROLLER };
  const adds = counter(registers, 'workqueue_adds_total', 'Keys added', ['name']);
  const retries = counter(registers, 'workqueue_retries_total', 'Keys that wait for another try', ['name']);
  const depth = new Gauge({
    name: 'workqueue_depth',
    help: 'Keys that are ready',
    labelNames: ['name'],
    registers,
  });
  const waited = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long a key was ready before its work began',
    labelNames: ['name'],
    buckets: QUEUE_BUCKETS,
    registers,
  });
  adds.inc(labels, 0);
  retries.inc(labels, 0);
  depth.set(labels, 0);
  return {
    added: () => adds.inc(labels),
    retried: () => retries.inc(labels),
    depth: (value) => depth.set(labels, value),
    taken: (seconds) => waited.observe(labels, seconds),
  };
}

export function callMetrics(registers: Registry[]): CallObserver {
  const total = counter(registers, 'rest_client_requests_total', 'Calls of the API server', [
    'code',
    'method',
  ]);
  const time = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Length of a call of the API server; of a watch, until it began',
    labelNames: ['method'],
    buckets: CALL_BUCKETS,
    registers,
  });
  return ({ method, code, seconds }) => {
    total.inc({ code, method });
    time.observe({ method }, seconds);
  };
}

function counter(registers: Registry[], name: string, help: string, labelNames: readonly string[]): Counter {
  return new Counter({ name, help, labelNames: [...labelNames], registers });
}
