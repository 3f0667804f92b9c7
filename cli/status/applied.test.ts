import { expect, test } from 'vitest';
import type { RawResponse } from '#operator/kube/index.ts';
import type { Session } from '../session.ts';
import { pod, revisionName, RUNNING } from '../testing.ts';
import { readApplied } from './applied.ts';

/** A session whose API server proxies to pods that answer so; the paths that were asked are kept. */
function asking(answer: (path: string) => { readonly status: number; readonly body: string }) {
  const asked: string[] = [];
  const raw = async (_method: string, path: string): Promise<RawResponse> => {
    asked.push(path);
    const { status, body } = answer(path);
    if (status === 0) throw new Error('no answer in time');
    return { status, headers: {}, body: Buffer.from(body) };
  };
  const session = {
    kube: { raw },
    namespace: 'churn',
    server: '',
    call: { signal: new AbortController().signal },
  } as unknown as Session;
  return { session, asked };
}

const PODS = [pod(1, 'aa', RUNNING), pod(1, 'bb', RUNNING), pod(1, 'cc', { phase: 'Pending' })];
const REPORT = JSON.stringify({ revision: 'x', generation: 7, weight: 25, shadow: 0 });

test('ready pods are asked through the API server, and what they say is kept by name', async () => {
  const { session, asked } = asking(() => ({ status: 200, body: REPORT }));
  const applied = await readApplied(session, PODS);
  expect(applied.get(`${revisionName(1)}-bb`)).toEqual({ weight: 25, shadow: 0, generation: 7 });
  expect(asked).toEqual(
    ['aa', 'bb'].map(
      (suffix) => `/api/v1/namespaces/churn/pods/${revisionName(1)}-${suffix}:8080/proxy/windlass/v1/traffic`,
    ),
  );
});

test('who may not ask one pod asks no other', async () => {
  const { session, asked } = asking(() => ({ status: 403, body: '{}' }));
  expect(await readApplied(session, PODS)).toEqual(new Map());
  expect(asked).toHaveLength(1);
});

test.each([
  ['an older runtime’s 404', { status: 404, body: 'no' }],
  ['another page', { status: 200, body: '<html>' }],
  ['no answer', { status: 0, body: '' }],
  ['a report of another shape', { status: 200, body: '{"weight": "much"}' }],
])('%s leaves that pod out', async (_case, bad) => {
  const { session } = asking((path) => (path.includes('-aa:') ? bad : { status: 200, body: REPORT }));
  expect([...(await readApplied(session, PODS)).keys()]).toEqual([`${revisionName(1)}-bb`]);
});
