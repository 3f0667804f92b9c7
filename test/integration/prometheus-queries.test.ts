import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { HttpPrometheus } from '#operator/monitor/index.ts';
import type { QueryAnswer } from '#operator/monitor/index.ts';
import { build } from '#test/cluster/build.ts';
import { startChild, untilReady } from '#test/cluster/child.ts';
import type { Child } from '#test/cluster/child.ts';
import { freePorts } from '#test/cluster/ports.ts';

let folder = '';
let url = '';
let prometheus: Child | undefined;

/** A Prometheus that reads its own metrics every second. */
beforeAll(async () => {
  const binaries = await build(['prometheus']);
  folder = await mkdtemp(join(tmpdir(), 'windlass-prometheus-'));
  const [port = 0] = await freePorts(1);
  url = `http://127.0.0.1:${port}/behind/a/path`;
  const self = { targets: [`127.0.0.1:${port}`] };
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'self', metrics_path: '/behind/a/path/metrics', static_configs: [self] }],
  };
  await writeFile(join(folder, 'prometheus.yaml'), stringify(config));
  prometheus = startChild({
    name: 'prometheus',
    file: binaries.prometheus,
    args: [
      `--config.file=${folder}/prometheus.yaml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--web.external-url=${url}/`,
    ],
    log: join(folder, 'log'),
  });
  await untilReady(prometheus, async () => (await ask('sum(up)')).kind === 'value', 60_000);
}, 1_200_000);

afterAll(async () => {
  await prometheus?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function ask(promql: string): Promise<QueryAnswer> {
  return new HttpPrometheus({ url }).query(promql, new AbortController().signal);
}

describe('a query of a real Prometheus', () => {
  it.each([
    ['up{job="self"}', 1],
    ['scalar(sum(up))', 1],
    ['42 # a comment', 42],
    ['absent(nothing_of_the_kind)', 1],
    ['sum(nothing_of_the_kind) or vector(0)', 0],
    ['1e-9 * vector(1)', 1e-9],
  ])('%s is a number', async (promql, value) => {
    expect(await ask(promql)).toEqual({ kind: 'value', value });
  });

  it.each([
    ['nothing_of_the_kind', /no result/],
    ['prometheus_http_requests_total or up', /several series/],
    ['vector(0) / 0', /is NaN/],
    ['1 / vector(0)', /is \+Inf/],
    ['-1 / 0', /is -Inf/],
    ['up[1m]', /matrix/],
    ['"text"', /string/],
    ['sum(up', /bad_data: .*parse error/],
    ['up{job="self"} + {', /bad_data/],
    ['up + on(job) group_left() up + ignoring(job) up{nope=~"("}', /bad_data/],
  ])('%s is a problem', async (promql, problem) => {
    expect(await ask(promql)).toMatchObject({
      kind: 'problem',
      problem: expect.stringMatching(problem) as string,
    });
  });

  it('is a problem once it hangs, and once it is gone', async () => {
    prometheus?.signal('SIGSTOP');
    const hanging = new HttpPrometheus({ url, timeoutMs: 300 });
    expect(await hanging.query('up', new AbortController().signal)).toMatchObject({
      problem: 'it could not be reached: no answer within 300 ms',
    });
    await prometheus?.stop();
    expect(await ask('up')).toMatchObject({ problem: 'it could not be reached: ECONNREFUSED' });
  });
});
