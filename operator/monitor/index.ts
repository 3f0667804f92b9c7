export { Monitor } from './monitor.ts';
export type { MonitorOptions } from './monitor.ts';
export { httpPodReportProbe } from './pod-report-probe.ts';
export type { PodReportProbe } from './pod-report-probe.ts';
export { HttpPrometheus } from './prometheus.ts';
export type { PrometheusClient, QueryAnswer } from './prometheus.ts';
export { Budget, type Holder } from './budget.ts';
export { askPod, type PodQuestion } from './ask-pod.ts';
