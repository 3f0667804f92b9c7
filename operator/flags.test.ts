import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags.ts';

const IMAGE = '--runtime-image=runtime:1';

function flagsOf(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const parsed = parseFlags([IMAGE, ...args], environment);
  if (parsed.kind !== 'run') throw new Error(`not taken: ${JSON.stringify(parsed)}`);
  return parsed.flags;
}

describe('parseFlags', () => {
  it('needs nothing but the runtime image', () => {
    expect(flagsOf([])).toMatchObject({
      runtimeImage: 'runtime:1',
      namespaces: undefined,
      metricsPort: 8080,
      logLevel: 'info',
      leaderElect: false,
      leaseName: 'windlass-operator',
      allowLoopbackEndpoints: false,
    });
  });

  it.each([
    ['runtime:1', 'runtime-cuda:1'],
    ['registry.example:5000/a/runtime', 'registry.example:5000/a/runtime-cuda'],
    [`runtime:1@sha256:${'a'.repeat(64)}`, 'runtime-cuda:1'],
  ])('takes for %s the CUDA image %s, unless it is told another', (image, cuda) => {
    const flags = [`--runtime-image=${image}`];
    expect(parseFlags(flags, {})).toMatchObject({ flags: { cudaRuntimeImage: cuda } });
    expect(parseFlags([...flags, '--runtime-image-cuda=gpu:2'], {})).toMatchObject({
      flags: { cudaRuntimeImage: 'gpu:2' },
    });
  });

  it('works in one namespace or in several, each named once', () => {
    expect(flagsOf(['--namespace=churn']).namespaces).toEqual(['churn']);
    expect(flagsOf(['--namespaces=churn, fraud,churn']).namespaces).toEqual(['churn', 'fraud']);
    expect(flagsOf([], { WINDLASS_NAMESPACES: 'churn' }).namespaces).toEqual(['churn']);
  });

  it('prefers a flag to its environment variable, and takes an empty variable for none', () => {
    const environment = { POD_NAME: 'windlass-1', WINDLASS_LOG_LEVEL: 'debug', WINDLASS_NAMESPACES: '' };
    expect(flagsOf(['--log-level=warn'], environment)).toMatchObject({
      logLevel: 'warn',
      identity: 'windlass-1',
      namespaces: undefined,
    });
  });

  it('asks the Prometheus of the flag, else of the environment, and none where neither names one', () => {
    const environment = { WINDLASS_PROMETHEUS_URL: 'http://prometheus:9090' };
    expect(flagsOf([], environment)).toMatchObject({ prometheusUrl: 'http://prometheus:9090' });
    expect(
      flagsOf(['--prometheus-url=https://other/prom', '--prometheus-token-file=/t'], environment),
    ).toMatchObject({ prometheusUrl: 'https://other/prom', prometheusTokenFile: '/t' });
    expect(flagsOf([])).toMatchObject({ prometheusUrl: undefined, prometheusTokenFile: undefined });
  });

  it('makes up an identity that no other process has', () => {
    expect(flagsOf([]).identity).not.toBe(flagsOf([]).identity);
  });

  it.each([
    [['--metrics-port=70000'], /--metrics-port: "70000" is not a whole number from 0 to 65535/],
    [['--concurrency=0'], /--concurrency: "0"/],
    [['--log-level=loud'], /"loud" is none of debug, info, warn, error/],
    [['--namespaces=a,B!'], /"B!" is no name of a namespace/],
    [['--namespace=a', '--namespaces=b'], /not both/],
    [['--colour=red'], /--colour/],
    [['something'], /something/],
    [['--prometheus-url=prometheus:9090'], /no URL that begins with http/],
    [['--prometheus-url=http://me:secret@prometheus'], /no user or password here/],
    [['--prometheus-url=http://prometheus/?tenant=1'], /has a \? or #/],
    [['--prometheus-token-file=/token'], /give --prometheus-url as well/],
  ])('refuses %j and says why', (args, message) => {
    const parsed = parseFlags([IMAGE, ...args], {});
    expect(parsed).toMatchObject({ kind: 'wrong', message: expect.stringMatching(message) as string });
  });

  it('asks for the runtime image when it is missing', () => {
    expect(parseFlags([], {})).toMatchObject({ kind: 'wrong', message: /^--runtime-image is missing/ });
  });

  it('explains every flag on --help, without asking for any', () => {
    const parsed = parseFlags(['--help'], {});
    if (parsed.kind !== 'help') throw new Error('no help');
    for (const flag of [
      'runtime-image',
      'namespaces',
      'leader-elect',
      'metrics-port',
      'kubeconfig',
      'identity',
    ]) {
      expect(parsed.text).toContain(`--${flag}`);
    }
  });
});

describe('the flags of notifications', () => {
  const URL_OF_HOOK = 'https://hooks.example.com/services/SECRET';

  it('tell nobody without a URL, and every kind as JSON with one', () => {
    expect(flagsOf([]).notify).toBeUndefined();
    expect(flagsOf([], { WINDLASS_NOTIFY_URL: URL_OF_HOOK }).notify).toEqual({
      url: new URL(URL_OF_HOOK),
      template: 'json',
      kinds: new Set(['undone', 'rejected', 'promoted', 'drifted']),
    });
  });

  it('choose the kinds and the template', () => {
    const { notify } = flagsOf(['--notify-on=undone, rejected', '--notify-template=slack'], {
      WINDLASS_NOTIFY_URL: URL_OF_HOOK,
    });
    expect(notify).toMatchObject({ template: 'slack', kinds: new Set(['undone', 'rejected']) });
  });

  it.each([
    ['a kind that does not exist', ['--notify-on=undone,paused'], {}, /"paused" is none of undone, rejected/],
    ['another scheme', [], { WINDLASS_NOTIFY_URL: 'ftp://SECRET@h/' }, /is no http:\/\/ or https:\/\/ URL/],
    ['no URL', [], { WINDLASS_NOTIFY_URL: 'SECRET' }, /is no http:\/\/ or https:\/\/ URL/],
  ])('refuse %s, and do not show the URL', (_, args, environment, message) => {
    const parsed = parseFlags([IMAGE, ...args], environment);
    if (parsed.kind !== 'wrong') throw new Error('it was taken');
    expect(parsed.message).toMatch(message);
    expect(parsed.message).not.toContain('SECRET');
  });
});
