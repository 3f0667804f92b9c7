import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ENVIRONMENT } from '#contract/programs.ts';

/** What the number of threads is decided from: texts as the kernel and the downward API give them. */
export interface CpuFacts {
  /** Millicores, from the downward API. */
  readonly limit: string | undefined;
  /** cgroup v2's cpu.max: "<quota or max> <period>". */
  readonly cpuMax: string | undefined;
  /** cgroup v1's cpu.cfs_quota_us and cpu.cfs_period_us. */
  readonly quota: string | undefined;
  readonly period: string | undefined;
  readonly cores: number;
}

/**
 * Threads for one run: the CPU limit's whole cores, at least one. ONNX Runtime itself would count the host's cores,
 * and then be throttled by the kernel.
 */
export function threadsFor(facts: CpuFacts): number {
  const cores = coresOf(facts) ?? facts.cores;
  return Math.max(1, Math.min(Math.floor(cores), facts.cores));
}

function coresOf({ limit, cpuMax, quota, period }: CpuFacts): number | undefined {
  const [maxQuota, maxPeriod] = cpuMax?.trim().split(/\s+/) ?? [];
  return ratio(limit, '1000') ?? ratio(maxQuota, maxPeriod) ?? ratio(quota, period);
}

function ratio(part: string | undefined, whole: string | undefined): number | undefined {
  const value = Number(part?.trim() || NaN) / Number(whole?.trim() || NaN);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

export function readCpuFacts(): CpuFacts {
  return {
    limit: process.env[ENVIRONMENT.cpuLimit],
    cpuMax: readText('/sys/fs/cgroup/cpu.max'),
    quota: readText('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'),
    period: readText('/sys/fs/cgroup/cpu/cpu.cfs_period_us'),
    cores: availableParallelism(),
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
