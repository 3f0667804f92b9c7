import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { build } from '#test/cluster/build.ts';
import { attempt, run } from '#test/cluster/command.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { manifests, renderChart, withoutHelm } from '../../charts/manifests.ts';
import { mayNot, OPERATOR, operatorMay, people } from './api/permissions.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CHART = join(ROOT, 'charts', 'windlass');

type KubeObject = Record<string, unknown> & {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

const render = async (...args: readonly string[]): Promise<readonly KubeObject[]> =>
  [...(await renderChart(args)).values()].flat() as KubeObject[];
const nameOf = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
const named = (objects: readonly KubeObject[]): Readonly<Record<string, KubeObject>> =>
  Object.fromEntries(objects.map((object) => [nameOf(object), object]));

async function refused(...args: readonly string[]): Promise<string> {
  const { helm } = await build(['helm']);
  const result = await attempt(helm, ['template', 'windlass', CHART, ...args]);
  expect(result.code).not.toBe(0);
  return result.stderr;
}

describe('the chart', () => {
  it('passes helm lint', async () => {
    const { helm } = await build(['helm']);
    expect(await run(helm, ['lint', '--strict', CHART])).toContain('0 chart(s) failed');
  });

  it('gives the same objects as deploy/kubernetes, which adds the namespace', async () => {
    const { kubectl } = await build(['kubectl']);
    const text = await run(kubectl, ['kustomize', join(ROOT, 'deploy', 'kubernetes')]);
    const { 'Namespace /windlass-system': namespace, ...kustomized } = named(
      parseAllDocuments(text).map((document) => document.toJS() as KubeObject),
    );
    expect(namespace).toBeDefined();
    const chart = (await render()).map((object) => withoutHelm(object) as KubeObject);
    expect(kustomized).toEqual(named(chart));
  });

  it('has deploy/kubernetes as `npm run manifests` writes it', async () => {
    const stale: string[] = [];
    for (const [path, content] of await manifests()) {
      const kept = await readFile(join(ROOT, path), 'utf8').catch(() => undefined);
      if (kept !== content) stale.push(path);
    }
    expect(stale).toEqual([]);
  });

  it.each([
    ['a misspelt value', ['--set=imagee.tag=1'], 'imagee'],
    ['a value of the wrong type', ['--set=replicas=two'], 'replicas'],
    ['a namespace that cannot be', ['--set=watchNamespaces={Churn}'], 'watchNamespaces'],
  ])('refuses %s', async (_, args, message) => {
    expect(await refused(...args)).toContain(message);
  });

  it('names images by digest before tag, and with their registry', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const objects = await render(
      '--set=image.registry=r.example.com,image.tag=v1',
      `--set=runtimeImage.digest=${digest},runtimeImage.tag=v1`,
    );
    const deployment = JSON.stringify(objects.find(({ kind }) => kind === 'Deployment'));
    expect(deployment).toContain('"image":"r.example.com/windlass/operator:v1"');
    expect(deployment).toContain(`"--runtime-image=windlass/runtime@${digest}"`);
    expect(deployment).toContain('"--runtime-image-cuda=windlass/runtime-cuda:v1"');
  });

  it('has a Role in each namespace that it is told, and no right beyond them', async () => {
    const objects = await render(
      '--set=watchNamespaces={churn,fraud}',
      '--set=rbac.userRoles=false,crds.install=false',
    );
    const kinds = objects.map(nameOf);
    expect(kinds).toEqual(
      expect.arrayContaining(['Role churn/windlass', 'Role fraud/windlass', 'RoleBinding fraud/windlass']),
    );
    expect(kinds.filter((name) => /^(Cluster|Custom)/.test(name))).toEqual([]);
    expect(JSON.stringify(objects)).toContain('"--namespaces=churn,fraud"');
  });

  it('makes what is optional when it is asked to', async () => {
    const asked = named(
      await render(
        '--set=metrics.serviceMonitor.enabled=true,metrics.serviceMonitor.labels.release=p',
        '--set=priorityClassName=high,imagePullSecrets[0].name=pull,podLabels.team=ml',
        '--set=networkPolicy.egress[0].ports[0].port=443',
        '--set=networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring',
      ),
    );
    expect(asked['ServiceMonitor windlass-system/windlass']).toMatchObject({
      metadata: { labels: { release: 'p' } },
    });
    expect(asked['Deployment windlass-system/windlass']).toMatchObject({
      spec: {
        template: {
          metadata: { labels: { team: 'ml' } },
          spec: { priorityClassName: 'high', imagePullSecrets: [{ name: 'pull' }] },
        },
      },
    });
    expect(asked['NetworkPolicy windlass-system/windlass']).toMatchObject({
      spec: { policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [{}] }] },
    });
    const one = (await render('--set=replicas=1,networkPolicy.enabled=false')).map(({ kind }) => kind);
    expect(one).not.toContain('PodDisruptionBudget');
    expect(one).not.toContain('NetworkPolicy');
  });
});

describe('the chart on a real API server', () => {
  let plane: ControlPlane;
  let helm: (...args: readonly string[]) => Promise<string>;
  beforeAll(async () => {
    plane = await startControlPlane({ controllerManager: true });
    const binaries = await build(['helm']);
    helm = (...args) =>
      run(binaries.helm, [...args, `--kubeconfig=${plane.kubeconfig}`], { timeout: 120_000 });
  });
  afterAll(async () => plane?.stop());

  it('is installed into a namespace that enforces the restricted standard, and upgraded without a change', async () => {
    await plane.kubectl(['create', 'namespace', 'windlass-system']);
    await plane.kubectl([
      'label',
      'namespace',
      'windlass-system',
      'pod-security.kubernetes.io/enforce=restricted',
    ]);
    const place = ['windlass', CHART, '--namespace=windlass-system'];
    expect(await helm('install', ...place)).toContain('Serve a model');
    await plane.kubectl([
      '-n',
      'windlass-system',
      'wait',
      '--for=jsonpath={.status.replicas}=2',
      '--timeout=30s',
      'deployment/windlass',
    ]);
    const generation = [
      '-n',
      'windlass-system',
      'get',
      'deployment/windlass',
      '-o',
      'jsonpath={.metadata.generation}',
    ];
    await helm('upgrade', ...place);
    expect(await plane.kubectl(generation)).toBe('1');
  });

  const canI = async (who: string, verb: string, what: string, namespace: string): Promise<string> => {
    const [resource = '', ...flags] = what.split(' ');
    const args = [
      'auth',
      'can-i',
      verb,
      resource.replace(':', '/'),
      ...flags,
      `--namespace=${namespace}`,
      `--as=${who}`,
    ];
    return plane.kubectl(args).then(
      (answer) => answer.trim(),
      () => 'no',
    );
  };

  it('lets the operator do what it needs, in every namespace', async () => {
    for (const [verb, what, namespace = 'churn'] of operatorMay) {
      expect([verb, what, await canI(OPERATOR, verb, what, namespace)]).toEqual([verb, what, 'yes']);
    }
  });

  it('lets the operator do no more', async () => {
    for (const [verb, what, namespace = 'churn'] of mayNot) {
      expect([verb, what, await canI(OPERATOR, verb, what, namespace)]).toEqual([verb, what, 'no']);
    }
  });

  it.each(people)('%s may do what the role says: %s %s: %s', async (role, verb, what, answer) => {
    const binding = [
      'create',
      'rolebinding',
      role,
      `--clusterrole=${role}`,
      `--user=${role}`,
      '--namespace=default',
    ];
    await plane.kubectl(binding).catch(() => undefined);
    await expect.poll(() => canI(role, verb, what, 'default'), { timeout: 10_000 }).toBe(answer);
  });

  it('keeps the CRDs, and so the models, when it is uninstalled', async () => {
    await plane.kubectl(['apply', '-f', join(ROOT, 'deploy', 'kubernetes', 'examples', 'minimal.yaml')]);
    await helm('uninstall', 'windlass', '--namespace=windlass-system');
    expect(await plane.kubectl(['get', 'modeldeployments', '-o', 'name'])).toContain('/hello');
    await helm('install', 'windlass', CHART, '--namespace=windlass-system');
    expect(await plane.kubectl(['get', 'modeldeployments', '-o', 'name'])).toContain('/hello');
  });

  it('is installed by a user without any right outside one namespace, once the operator’s rights are granted', async () => {
    await plane.kubectl(['create', 'namespace', 'alone']);
    await plane.kubectl([
      'create',
      'rolebinding',
      'alone',
      '--clusterrole=admin',
      '--user=tenant',
      '--namespace=alone',
    ]);
    const flags = ['--set=watchNamespaces={alone},rbac.create=false,rbac.userRoles=false,crds.install=false'];
    expect(
      await helm('install', 'mine', CHART, '--namespace=alone', '--kube-as-user=tenant', ...flags),
    ).toContain('for the namespaces alone');
  });
});
