import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { elapsed } from '#test/cluster/progress.ts';
import type { Ground } from './ground.ts';
import { stringify } from 'yaml';
import { groundwork, modelDeployment, modelUri, NAME, NAMESPACE, rolloutInSteps } from './manifests.ts';
import type { Narrator } from './narrator.ts';
import { emptyBucket, withForward } from './store.ts';
import { describeTraffic, startTraffic } from './traffic.ts';
import { knownCustomer, type Version } from './training.ts';

const PLUGIN = ['kubectl', 'windlass'] as const;
const IN = ['-n', NAMESPACE] as const;
/** How long customers are watched after a change, so that the last answers of the other revision are seen. */
const AFTERMATH_MS = 2000;

export interface Scene {
  readonly ground: Ground;
  readonly narrator: Narrator;
  readonly versions: readonly [Version, Version];
  /** The manifest's file, as it is shown in commands. */
  readonly manifest: string;
}

export async function tell(scene: Scene): Promise<void> {
  await pushBoth(scene);
  await serve(scene);
  await rollOutAndBack(scene);
}

async function pushBoth({ ground, narrator, versions }: Scene): Promise<void> {
  narrator.chapter('Push two versions of the model to S3');
  narrator.say('A bundle is checked file by file before it goes up, and model.json goes last.');
  const { kubectl, cluster, store } = ground;
  await withForward(kubectl, cluster.kubeconfig, async (endpoint) => {
    await emptyBucket(endpoint, store);
    process.env['AWS_ACCESS_KEY_ID'] = store.accessKey;
    process.env['AWS_SECRET_ACCESS_KEY'] = store.secretKey;
    for (const { bundle, version } of versions) {
      const command = [...PLUGIN, 'push', bundle, modelUri(version), '--endpoint-url', endpoint];
      await narrator.run(command);
    }
  });
}

async function serve({ ground, narrator, versions, manifest }: Scene): Promise<void> {
  const [first] = versions;
  narrator.chapter('Serve version 1');
  const written = modelDeployment(first.version);
  await writeFile(manifest, written);
  await ground.cluster.kubectl(['apply', '-f', '-'], groundwork(ground.store));
  narrator.say(`${manifest}, all that a team writes:\n\n${written.trimEnd().replaceAll(/^/gm, '    ')}\n`);
  const start = performance.now();
  await narrator.run(['kubectl', 'apply', '-f', manifest]);
  await narrator.run([...PLUGIN, 'status', NAME, ...IN, '--watch', '--timeout=3m']);
  narrator.say(`Applied, checked, pulled, loaded and serving after ${elapsed(start)}.\n`);
  await narrator.run(['kubectl', 'get', 'modeldeployments', ...IN]);
  const customer = JSON.stringify(await knownCustomer(first.bundle));
  await narrator.run([...PLUGIN, 'predict', NAME, ...IN, '-d', customer]);
}

async function rollOutAndBack({ ground, narrator, versions, manifest }: Scene): Promise<void> {
  const [first, second] = versions;
  narrator.chapter('Roll out version 2 in steps while customers keep asking');
  const traffic = await startTraffic(ground.cluster, await knownCustomer(first.bundle));
  if (traffic === undefined)
    narrator.say('(This machine does not reach the cluster’s Services: no traffic this time.)');
  const inSteps = rolloutInSteps(traffic !== undefined);
  await writeFile(manifest, modelDeployment(second.version, inSteps));
  const added = stringify(inSteps).trimEnd().replaceAll(/^/gm, '      ');
  narrator.say(
    `In ${manifest} the line uri: ${modelUri(second.version)} changes, and how it shall go is added:\n\n${added}\n`,
  );
  const applied = performance.now();
  await narrator.run(['kubectl', 'apply', '-f', manifest]);
  await narrator.run([...PLUGIN, 'status', NAME, ...IN, '--watch', '--timeout=3m']);
  narrator.say(`Rolled out after ${elapsed(applied)}.\n`);
  await narrator.run([...PLUGIN, 'diff', NAME, ...IN]);
  if (traffic !== undefined) await sleep(AFTERMATH_MS);

  narrator.chapter('Version 2 raises false alarms: undo');
  const undone = performance.now();
  await narrator.run([...PLUGIN, 'undo', NAME, ...IN, '--reason=false alarms since the rollout']);
  narrator.say(
    `Undone after ${elapsed(undone)}, the command’s own start included. The ModelDeployment was not touched.\n`,
  );
  if (traffic !== undefined) {
    await sleep(AFTERMATH_MS);
    narrator.say(`${describeTraffic(await traffic.stop(), undone)}\n`);
  }
  await narrator.run([...PLUGIN, 'status', NAME, ...IN], [0, 4, 6]);
  await narrator.run([...PLUGIN, 'history', NAME, ...IN]);
}
