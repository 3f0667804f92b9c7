import type { ModelRevisionSpec } from '#operator/api/model-revision.ts';
import { GPU_RESOURCE } from '#operator/api/pod-settings.ts';

type Quantities = Readonly<Record<string, string | number>>;

/** What NVIDIA's device plugin offers: whole GPUs, shared ones, and slices of one (MIG). */
const NVIDIA = 'nvidia.com/';

/**
 * Limits that ask for a GPU where CUDA runs the graph: one, unless the user named another number or another resource
 * of NVIDIA's. A device has no request without a limit of the same size.
 */
export function gpuLimits({ executionProvider, resources = {} }: ModelRevisionSpec['serving']): Quantities {
  const { requests = {}, limits = {} } = resources;
  if (executionProvider !== 'cuda') return {};
  if (Object.keys(limits).some((name) => name.startsWith(NVIDIA))) return {};
  const requested = Object.entries(requests).filter(([name]) => name.startsWith(NVIDIA));
  return requested.length > 0 ? Object.fromEntries(requested) : { [GPU_RESOURCE]: 1 };
}
