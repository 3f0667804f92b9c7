import type { BundleFiles } from '#test/support/bundle.ts';

/** What the Job of the test runs: it "trains" by taking a bundle from its environment, and puts it at WINDLASS_MODEL_URI. */
const SCRIPT = `
const { createHash, createHmac } = require('node:crypto');
const { env } = process;
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
async function put(key, body) {
  const url = new URL(env.AWS_ENDPOINT_URL + '/' + key);
  const time = new Date().toISOString().replace(/[-:]|\\.\\d{3}/g, '');
  const day = time.slice(0, 8);
  const digest = sha256(body);
  const signed = 'host;x-amz-content-sha256;x-amz-date';
  const head = 'host:' + url.host + '\\nx-amz-content-sha256:' + digest + '\\nx-amz-date:' + time + '\\n';
  const request = ['PUT', url.pathname, '', head, signed, digest].join('\\n');
  const scope = day + '/' + env.AWS_REGION + '/s3/aws4_request';
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\\n');
  const keys = [day, env.AWS_REGION, 's3', 'aws4_request'];
  const signing = keys.reduce((key, part) => hmac(key, part), 'AWS4' + env.AWS_SECRET_ACCESS_KEY);
  const signature = createHmac('sha256', signing).update(text).digest('hex');
  const authorization = 'AWS4-HMAC-SHA256 Credential=' + env.AWS_ACCESS_KEY_ID + '/' + scope +
    ', SignedHeaders=' + signed + ', Signature=' + signature;
  const headers = { 'x-amz-content-sha256': digest, 'x-amz-date': time, authorization };
  const answer = await fetch(url, { method: 'PUT', body, headers });
  if (!answer.ok) throw new Error(key + ': HTTP ' + answer.status + ' ' + (await answer.text()));
}
async function main() {
  const said = env.WINDLASS_REASON + ' of ' + env.WINDLASS_DRIFTED_FEATURES + ' at ' + env.WINDLASS_STABLE_VERSION;
  const prefix = env.WINDLASS_MODEL_URI.slice('s3://'.length);
  for (const [path, bytes] of JSON.parse(env.TRAINED)) await put(prefix + path, Buffer.from(bytes, 'base64'));
  require('node:fs').writeFileSync('/dev/termination-log', 'trained for ' + said);
}
main().catch((error) => { console.error(error); process.exit(1); });
`;

/** Fields of spec.retraining.job that push this bundle, which a ConfigMap holds. */
export function pushing(image: string, configMap: string) {
  return {
    image,
    command: ['node', '-e', SCRIPT],
    envFrom: [{ secretRef: { name: 'models' } }, { configMapRef: { name: configMap } }],
    resources: { requests: { cpu: '10m', memory: '64Mi' } },
    timeout: '2m',
    backoffLimit: 0,
  };
}

/** The ConfigMap's data: the files, model.json last. */
export function trained(files: BundleFiles): Readonly<Record<string, string>> {
  const entries = [...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')] as const);
  const ordered = entries.toSorted(([a], [b]) => Number(a === 'model.json') - Number(b === 'model.json'));
  return { TRAINED: JSON.stringify(ordered) };
}
