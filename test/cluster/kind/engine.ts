import { attempt, run } from '../command.ts';
import type { HostAddress } from '../cluster.ts';

export type Engine = 'docker' | 'podman';

/** The container engine that answers, if one does. */
export async function findEngine(): Promise<Engine | undefined> {
  for (const engine of ['docker', 'podman'] as const) {
    const answer = await attempt(engine, ['info'], { timeout: 15_000 }).catch(() => undefined);
    if (answer?.code === 0) return engine;
  }
  return undefined;
}

/** kind's own switch: it takes Docker unless told otherwise. */
export function kindEnvironment(engine: Engine): Record<string, string> {
  return engine === 'podman' ? { KIND_EXPERIMENTAL_PROVIDER: 'podman' } : {};
}

/** Where pods reach this machine: the gateway of kind's network, or the name that engines in a virtual machine give. */
export async function hostAddress(engine: Engine): Promise<HostAddress> {
  const named = engine === 'docker' ? 'host.docker.internal' : 'host.containers.internal';
  const inMachine = process.platform !== 'linux' || (engine === 'podman' && process.getuid?.() !== 0);
  if (inMachine) return { listen: '0.0.0.0', address: named };
  const text = await run(engine, ['network', 'inspect', 'kind']);
  const gateway = /"[Gg]ateway":\s*"(\d+\.\d+\.\d+\.\d+)"/.exec(text)?.[1];
  return gateway === undefined
    ? { listen: '0.0.0.0', address: named }
    : { listen: gateway, address: gateway };
}

export async function nodeAddress(engine: Engine, node: string): Promise<string | undefined> {
  const text = await run(engine, ['inspect', node]);
  return /"IPAddress":\s*"(\d+\.\d+\.\d+\.\d+)"/.exec(text)?.[1];
}

/**
 * Adds or removes routes from this machine to the node's pods and Services, from a container in the machine's network:
 * whoever may use the engine needs no root for it. On Docker Desktop this has no effect, and none is reported.
 */
export async function routes(
  engine: Engine,
  action: 'replace' | 'delete',
  image: string,
  gateway: string,
  subnets: readonly string[],
): Promise<void> {
  const script = subnets.map((subnet) => `ip route ${action} ${subnet} via ${gateway} || true`).join('\n');
  const flags = ['run', '--rm', '--privileged', '--network=host', '--entrypoint=sh'];
  await attempt(engine, [...flags, image, '-c', script], { timeout: 60_000 });
}
