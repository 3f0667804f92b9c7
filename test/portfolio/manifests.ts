import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import type { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import { repositoryFolder } from '#test/cluster/paths.ts';
import { NAMESPACE } from './systems.ts';

type Spec = z.input<typeof modelDeploymentSpecSchema>;

/** Where models and keys of this portfolio are. */
export interface Places {
  /** The Secrets' content: here one user may read and write. */
  readonly keys: Readonly<Record<string, string>>;
  /** Image of the retraining Jobs; absent: they are left out. */
  readonly trainingImage?: string;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

async function documents(file: string): Promise<readonly (Manifest & Readonly<Record<string, unknown>>)[]> {
  const text = await readFile(repositoryFolder('deploy', 'examples', file), 'utf8');
  return parseAllDocuments(text).map(
    (document) => document.toJS() as Manifest & Readonly<Record<string, unknown>>,
  );
}

/** deploy/examples/00-namespace.yaml, with keys that open something. */
export async function groundwork({ keys }: Places): Promise<readonly object[]> {
  const [namespace, ...secrets] = await documents('00-namespace.yaml');
  const opening = secrets.map((secret) => Object.assign(secret, { stringData: keys }));
  return namespace === undefined ? opening : [namespace, ...opening];
}

/** The example as it stands, but for what one small machine cannot give: pods, CPU, and hours of holds. */
export async function modelDeployment(
  name: string,
  places: Places,
  change: Partial<Spec> = {},
): Promise<object> {
  const [example] = await documents(`${name}.yaml`);
  if (example === undefined) throw new Error(`deploy/examples/${name}.yaml is empty`);
  const spec = example['spec'] as Spec;
  const { autoscaling: _, retraining, ...rest } = spec;
  const { model, serving, rollout } = spec;
  const followed = model.refreshInterval === undefined ? {} : { refreshInterval: '5s' };
  const image = places.trainingImage;
  return {
    ...example,
    metadata: { name, namespace: NAMESPACE },
    spec: {
      ...rest,
      model: { ...model, ...followed },
      replicas: 1,
      serving: { ...serving, resources: small(serving?.resources) },
      rollout: { ...rollout, ...inSeconds(rollout) },
      ...(retraining === undefined || image === undefined
        ? {}
        : { retraining: { ...retraining, job: { ...retraining.job, image } } }),
      ...change,
    },
  };
}

/** Where the example's retraining reads its data, s3://BUCKET/FOLDER/; undefined: it has no retraining. */
export async function retrainingData(name: string): Promise<string | undefined> {
  const [example] = await documents(`${name}.yaml`);
  const { retraining } = (example?.['spec'] ?? {}) as Partial<Spec>;
  const [, place] =
    (retraining?.job.args ?? []).map((arg) => arg.split('--data=')).find(([, found]) => found) ?? [];
  return place;
}

type Resources = NonNullable<Spec['serving']>['resources'];

/** The limits stay: they are what the model must do with. */
function small(resources: Resources): Resources {
  return { ...resources, requests: { ...resources?.requests, cpu: '20m' } };
}

function inSeconds(rollout: Spec['rollout']): Spec['rollout'] {
  const steps = rollout?.steps?.map(({ weight }) => ({ weight, hold: '10s' }));
  const { shadow } = rollout ?? {};
  return {
    ...(steps === undefined ? {} : { steps }),
    ...(shadow === undefined ? {} : { shadow: { ...shadow, hold: '10s' } }),
    ...(rollout?.bake === undefined ? {} : { bake: '10s' }),
  };
}
