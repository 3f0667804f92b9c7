import { expect, test } from 'vitest';
import type { Reference } from '#contract/model-manifest.ts';
import { askPodForDrift } from '#operator/drift/pod-drift-probe.ts';
import { DriftWatch, type DriftReading } from '#operator/drift/index.ts';
import { withReference } from '#runtime/drift/testing.ts';
import { Folder, post, startServer, type TestServer } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';

// The operator's sum over real inference servers, which stand for the pods of a revision.

const edges = Array.from({ length: 11 }, (_, i) => i);
const counts = Array.from({ length: 10 }, () => 400);
const REFERENCE: Reference = {
  formatVersion: 1,
  rows: 4000,
  features: { x: { kind: 'numeric', edges, counts, under: 0, over: 0, missing: 0 } },
};

/** So many rows, one request each, spread evenly over ten units above `from`. */
async function send(server: TestServer, rows: number, from: number): Promise<void> {
  for (let row = 0; row < rows; row++) {
    const answer = await post(`${server.url}/predict`, { x: from + ((row * 0.37) % 10), y: 1 });
    expect(answer.status).toBe(200);
  }
}

test('real pods are added up: what each has too few rows to see is found in all together, in one window', async () => {
  await using folder = await Folder.create(withReference(linearBundle(), REFERENCE));
  const servers = await Promise.all([startServer(folder.path), startServer(folder.path)]);
  const port = (ip: string): number => Number(new URL(servers[Number(ip)]?.url ?? '').port);
  const watch = new DriftWatch({
    probe: (ip, signal) => askPodForDrift('127.0.0.1', port(ip), signal),
    onNews: () => undefined,
    everyMs: 50,
  });
  const reading = async (
    accept: (state: string | undefined, psi: number) => boolean,
  ): Promise<DriftReading> => {
    await expect
      .poll(
        () => {
          const now = watch.reading('md');
          const [x] = now.is === 'measured' ? now.features : [];
          return accept(x?.state, x?.psi ?? 0);
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    return watch.reading('md');
  };
  try {
    // Before anybody looks: no part of the window.
    for (const server of servers) await send(server, 300, 50);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const pods = servers.map((_, i) => ({ uid: `pod-${i}`, ip: String(i) }));
    watch.follow('md', {
      revision: 'one',
      pods,
      unready: [],
      windowMs: 60_000,
      maxPsi: 0.2,
      minSamples: 500,
    });
    await reading((state) => state === 'tooFewRows');

    for (const server of servers) await send(server, 300, 0);
    const steady = await reading((state) => state === 'steady');
    expect(steady).toMatchObject({ is: 'measured', features: [{ name: 'x' }] });

    for (const server of servers) await send(server, 200, 50);
    // 400 of 1,000 rows are far out of range.
    await reading((state, psi) => state === 'drifted' && psi > 1);
  } finally {
    watch.forget('md');
    await Promise.all(servers.map((server) => server.stop()));
  }
});
