import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { errorText } from './native.ts';

const LIBRARY = 'libonnxruntime_providers_cuda.so';
const WITHOUT = 'or take executionProvider: cuda out to run on the CPU';

/** Where this platform's build of ONNX Runtime is, and its execution providers beside it. */
function buildFolder(): string {
  const binding = createRequire(import.meta.url).resolve('onnxruntime-node/dist/binding.js');
  return join(dirname(binding), '..', 'bin', 'napi-v6', process.platform, process.arch);
}

/**
 * Why ONNX Runtime has no CUDA, and what to do: it says no more than "Failed to load shared library" itself.
 * `folder` and `device` are parameters for tests alone.
 */
export function cudaProblem(
  cause: unknown,
  folder: string = buildFolder(),
  device: string = '/dev/nvidiactl',
): string {
  const library = join(folder, LIBRARY);
  if (!existsSync(library)) {
    return `this build of the runtime has no CUDA (${LIBRARY} is missing): use the runtime-cuda image (the operator's --runtime-image-cuda, or spec.serving.image), ${WITHOUT}`;
  }
  const missing = loaderProblem(library);
  if (missing !== undefined && /\blibcuda\.so/.test(missing)) {
    return `there is no NVIDIA driver in this container (${missing}): the pod must ask for nvidia.com/gpu, and its node needs NVIDIA's driver, container toolkit and device plugin (perhaps spec.serving.pod.runtimeClassName: nvidia), ${WITHOUT}`;
  }
  if (missing !== undefined) {
    return `CUDA's libraries cannot be loaded (${missing}): build the runtime-cuda image again, ${WITHOUT}`;
  }
  // Its host, file and line follow.
  const [problem = ''] = errorText(cause).split(' ; ', 1);
  return existsSync(device)
    ? `CUDA cannot be used (${problem}): look at nvidia-smi on the node, whose driver must know CUDA 13, ${WITHOUT}`
    : `there is no GPU in this container (${device} is missing; ${problem}): the pod must ask for nvidia.com/gpu, ${WITHOUT}`;
}

/** What the dynamic loader says of a library; undefined where it can load it. */
function loaderProblem(library: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_LAZY);
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // It was loaded, and is no addon of Node, which nobody expected of it.
    return text.includes('did not self-register') ? undefined : text.split('\n', 1)[0];
  }
}
