import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { runPlugin, type PluginOutcome } from '#test/support/plugin.ts';

const NAMESPACE = 'churn';

interface Applied {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly status?: unknown;
}

/** A real API server with Windlass's kinds, and the plugin as a user would run it; the tests write the status, as the operator would. */
export interface CliRoom {
  readonly plane: ControlPlane;
  readonly folder: string;
  readonly windlass: (
    args: readonly string[],
    onOutput?: (out: string) => void,
    signal?: AbortSignal,
  ) => Promise<PluginOutcome>;
  /** Objects with their status. */
  readonly apply: (...objects: readonly Applied[]) => Promise<void>;
  readonly setStatus: (kind: string, name: string, status: unknown) => Promise<string>;
  readonly get: <T>(kind: string, name?: string) => Promise<T>;
  readonly clear: () => Promise<void>;
  /** A kubeconfig that acts as somebody with these rules in the namespace, and no others. */
  readonly as: (user: string, rules: readonly object[]) => Promise<string>;
  readonly close: () => Promise<void>;
}

export async function openCliRoom(): Promise<CliRoom> {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-cli-'));
  const plane = await startControlPlane();
  await plane.installCrds();
  await plane.kubectl(['create', 'namespace', NAMESPACE]);
  const setStatus = (kind: string, name: string, status: unknown): Promise<string> => {
    const change = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
    return plane.kubectl(['patch', kind.toLowerCase(), name, '-n', NAMESPACE, ...change]);
  };
  return {
    plane,
    folder,
    windlass: (args, onOutput = () => undefined, signal) =>
      runPlugin(args, {
        env: { KUBECONFIG: plane.kubeconfig },
        onOutput,
        ...(signal === undefined ? {} : { signal }),
      }),
    apply: async (...objects) => {
      for (const object of objects) {
        await plane.kubectl(['apply', '-f', '-'], JSON.stringify(object));
        if (object.status !== undefined) await setStatus(object.kind, object.metadata.name, object.status);
      }
    },
    setStatus,
    get: async <T>(kind: string, name?: string) => {
      const words = name === undefined ? [kind] : [kind, name];
      return JSON.parse(await plane.kubectl(['get', ...words, '-n', NAMESPACE, '-o', 'json'])) as T;
    },
    clear: async () => {
      const kinds = 'modelrollbacks,modelrevisions,modeldeployments';
      await plane.kubectl(['delete', kinds, '--all', '-n', NAMESPACE]);
    },
    as: async (user, rules) => {
      const role = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        metadata: { name: user, namespace: NAMESPACE },
      };
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: user };
      const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }];
      for (const object of [
        { ...role, kind: 'Role', rules },
        { ...role, kind: 'RoleBinding', roleRef, subjects },
      ]) {
        await plane.kubectl(['apply', '-f', '-'], JSON.stringify(object));
      }
      const config = JSON.parse(await plane.kubectl(['config', 'view', '--raw', '-o', 'json'])) as {
        users: { user: object }[];
      };
      for (const each of config.users) Object.assign(each.user, { as: user });
      const file = join(folder, `kubeconfig-${user}`);
      await writeFile(file, JSON.stringify(config));
      return file;
    },
    close: async () => {
      await plane.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
