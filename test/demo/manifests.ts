import { stringify } from 'yaml';
import { API_VERSION } from '#contract/names.ts';
import { BUCKET, REGION, type DemoStore } from './store.ts';

export const NAMESPACE = 'churn';
export const NAME = 'bankchurn';

export function modelUri(version: string): string {
  return `s3://${BUCKET}/${NAME}/${version}/`;
}

/** The namespace, and the Secret that names the store: what a platform team sets up once. */
export function groundwork(store: DemoStore): string {
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  };
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'models', namespace: NAMESPACE },
    stringData: {
      AWS_ACCESS_KEY_ID: store.accessKey,
      AWS_SECRET_ACCESS_KEY: store.secretKey,
      AWS_ENDPOINT_URL: store.endpoint,
      AWS_REGION: REGION,
    },
  };
  return [namespace, secret].map((object) => stringify(object)).join('---\n');
}

/** Steps of seconds, so that they can be watched. Without traffic there is nothing to check. */
export function rolloutInSteps(traffic: boolean): object {
  const check = { errorRate: { max: 0.01, minSamples: 10, window: '8s' } };
  return {
    rollout: {
      steps: [
        { weight: 25, hold: '8s' },
        { weight: 50, hold: '8s' },
      ],
      checks: traffic ? [check] : [],
    },
  };
}

/** What a team writes: the whole of it. */
export function modelDeployment(version: string, more: object = {}): string {
  return stringify({
    apiVersion: API_VERSION,
    kind: 'ModelDeployment',
    metadata: { name: NAME, namespace: NAMESPACE },
    spec: {
      model: { uri: modelUri(version), credentials: { secretName: 'models' } },
      replicas: 2,
      serving: {
        resources: { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '512Mi' } },
      },
      ...more,
    },
  });
}
