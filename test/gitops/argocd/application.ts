import { setTimeout as sleep } from 'node:timers/promises';
import { API_GROUP } from '#contract/names.ts';
import type { Kubectl } from '#test/bed/namespace.ts';
import type { ArgoCd } from './start.ts';
import { ARGO_NAMESPACE } from './objects.ts';

export interface ResourceStatus {
  readonly kind: string;
  readonly name: string;
  readonly status?: string;
  readonly health?: { readonly status: string; readonly message?: string };
  readonly requiresPruning?: boolean;
}

export interface ApplicationStatus {
  readonly sync: { readonly status: string; readonly revision?: string };
  readonly health: { readonly status: string };
  readonly resources?: readonly ResourceStatus[];
  /** The last sync, those that heal included; another one has another start. */
  readonly operationState?: { readonly phase: string; readonly startedAt: string };
  readonly conditions?: readonly { readonly type: string; readonly message: string }[];
}

export interface Source {
  readonly repository: string;
  readonly path: string;
  /** Where the objects go. */
  readonly namespace: string;
}

/** An Application with auto-sync, self-heal and prune, watched by its status. */
export class TestApplication {
  readonly name: string;
  readonly #argo: ArgoCd;
  readonly #kubectl: Kubectl;

  constructor(name: string, argo: ArgoCd, kubectl: Kubectl) {
    this.name = name;
    this.#argo = argo;
    this.#kubectl = (args, input) => kubectl(['--namespace', ARGO_NAMESPACE, ...args], input);
  }

  async apply({ repository, path, namespace }: Source): Promise<void> {
    const application = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: this.name, namespace: ARGO_NAMESPACE },
      spec: {
        project: 'default',
        source: { repoURL: repository, path, targetRevision: 'main' },
        destination: { server: this.#argo.server, namespace },
        syncPolicy: {
          automated: { prune: true, selfHeal: true, allowEmpty: true },
          syncOptions: ['ServerSideApply=true'],
        },
      },
    };
    await this.#kubectl(['apply', '-f', '-'], JSON.stringify(application));
  }

  /** What a Git server's webhook does: looks at the repository now, not with the next poll. */
  async refresh(): Promise<void> {
    await this.#kubectl([
      'annotate',
      'application',
      this.name,
      'argocd.argoproj.io/refresh=normal',
      '--overwrite',
    ]);
  }

  async status(): Promise<ApplicationStatus> {
    const text = await this.#kubectl(['get', 'application', this.name, '-o', 'jsonpath={.status}']);
    return {
      sync: { status: 'Unknown' },
      health: { status: 'Unknown' },
      ...(JSON.parse(text || '{}') as object),
    };
  }

  async until(
    what: string,
    accept: (status: ApplicationStatus) => boolean,
    timeoutMs = 60_000,
  ): Promise<ApplicationStatus> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.status();
      if (accept(status)) return status;
      if (performance.now() > end)
        throw new Error(
          `${this.name} was not ${what} within ${timeoutMs / 1000} s: ${JSON.stringify(status)}\n${await this.#argo.logs()}`,
        );
      await sleep(100);
    }
  }

  /** Synced to this commit, with this health; and nothing in it is out of step or to be pruned. */
  synced(commit: string, health: string, timeoutMs?: number): Promise<ApplicationStatus> {
    return this.until(
      `Synced to ${commit} and ${health}`,
      (status) =>
        status.sync.status === 'Synced' &&
        status.sync.revision === commit &&
        status.health.status === health &&
        (status.resources ?? []).every(({ requiresPruning }) => requiresPruning !== true),
      timeoutMs,
    );
  }

  /** What Argo CD shows of one object of the tree, with its children. */
  async tree(): Promise<readonly ResourceStatus[]> {
    const answer = await fetch(`${this.#argo.api}/api/v1/applications/${this.name}/resource-tree`);
    if (!answer.ok) throw new Error(`resource tree: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { nodes?: ResourceStatus[] }).nodes ?? [];
  }

  /** Runs an action as a click in Argo CD's interface does, through its API. */
  async act(
    action: string,
    { kind, name, namespace }: { readonly kind: string; readonly name: string; readonly namespace: string },
  ): Promise<void> {
    const resource = { namespace, resourceName: name, kind, group: API_GROUP, version: 'v1alpha1' };
    const answer = await fetch(`${this.#argo.api}/api/v1/applications/${this.name}/resource/actions/v2`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: this.name, ...resource, action }),
    });
    if (!answer.ok) throw new Error(`action ${action}: ${answer.status} ${await answer.text()}`);
  }

  /** Deletes the Application and, with it, all that it made. */
  async delete(): Promise<void> {
    const finalizers = '{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}';
    await this.#kubectl(['patch', 'application', this.name, '--type=merge', '--patch', finalizers]);
    await this.#kubectl(['delete', 'application', this.name, '--timeout=90s']);
  }
}
