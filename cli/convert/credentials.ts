import { z } from 'zod';
import type { ManifestObject } from './documents.ts';
import type { InferenceService, ServedModel } from './inference-service.ts';
import type { Notes } from './notes.ts';

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const serviceAccountSchema = z.looseObject({
  metadata,
  secrets: z.array(z.looseObject({ name: z.string() })).optional(),
});
const secretSchema = z.looseObject({
  metadata,
  data: z.record(z.string(), z.string()).optional(),
  stringData: z.record(z.string(), z.string()).optional(),
});

/** The Secret with the keys of the store, as far as the stream or the caller says which one it is. */
export function credentialsOf(
  service: InferenceService,
  { field, framework }: ServedModel,
  { secret, objects }: { readonly secret: string | undefined; readonly objects: readonly ManifestObject[] },
  notes: Notes,
): string | undefined {
  const key = framework.storage?.key;
  const keyPath = ['spec', 'predictor', field, 'storage', 'key'];
  const accountPath = ['spec', 'predictor', 'serviceAccountName'];
  notes.taken(accountPath);
  if (secret !== undefined) {
    notes.taken(keyPath);
    return secret;
  }
  if (key !== undefined) {
    notes.lost(
      keyPath,
      `its keys are JSON in the Secret storage-config; make a Secret with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL of them, and name it with --secret`,
    );
    return undefined;
  }
  const { namespace } = service.metadata;
  const { serviceAccountName } = service.spec.predictor;
  const account = serviceAccountName ?? 'default';
  const named = find(objects, 'ServiceAccount', serviceAccountSchema).find(
    (one) => one.metadata.name === account && same(one.metadata.namespace, namespace),
  );
  const secrets = find(objects, 'Secret', secretSchema).filter((one) =>
    same(one.metadata.namespace, namespace),
  );
  const found = named?.secrets?.find(({ name }) =>
    secrets.some((one) => one.metadata.name === name && hasKeys(one)),
  );
  if (found !== undefined) return found.name;
  if (serviceAccountName === undefined) return undefined;
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  notes.check(
    accountPath,
    `the pods read the model as this service account. Where its keys are in a Secret, name that with --secret: kubectl get serviceaccount ${account}${where} -o jsonpath='{.secrets[*].name}'`,
  );
  return undefined;
}

function find<T>(objects: readonly ManifestObject[], kind: string, schema: z.ZodType<T>): readonly T[] {
  return objects.flatMap((object) => {
    const parsed = object.kind === kind ? schema.safeParse(object.value) : undefined;
    return parsed?.success === true ? [parsed.data] : [];
  });
}

function same(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** KServe's annotations, or the keys that it looks for. */
function hasKeys({
  metadata: { annotations = {} },
  data = {},
  stringData = {},
}: z.infer<typeof secretSchema>): boolean {
  return (
    Object.keys(annotations).some((name) => /^serving\.(kserve|kubeflow)\.[^/]*\/s3-/.test(name)) ||
    ['AWS_ACCESS_KEY_ID', 'awsAccessKeyID'].some((name) => name in data || name in stringData)
  );
}
