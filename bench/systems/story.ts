import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImages } from '#test/cluster/index.ts';
import { printProgress } from '#test/cluster/progress.ts';
import { tellStory, type StoryEnd } from '#test/portfolio/index.ts';
import type { Ground } from '../foundation/ground.ts';
import type { Figure } from '../figure.ts';

/** From the first drifted request to the promoted new model. */
export function story(ground: Ground): readonly Figure[] {
  let telling: Promise<StoryEnd> | undefined;
  const once = (): Promise<StoryEnd> => (telling ??= tell(ground));
  return [
    {
      name: 'from the first drifted request to the promoted new model',
      goal: { unit: 's' },
      measure: async () => {
        const end = await once();
        return { value: end.promoted, detail: { ...end, failures: end.failures.length } };
      },
    },
    {
      name: 'requests that failed from the first drifted one to the promoted new model',
      goal: { atMost: 0, unit: '' },
      measure: async () => {
        const { failures, sent } = await once();
        return { value: failures.length, detail: { sent, first: failures.slice(0, 3) } };
      },
    },
  ];
}

async function tell(ground: Ground): Promise<StoryEnd> {
  const { cluster, connection } = await ground.running();
  if (cluster.host === undefined || !cluster.reachable)
    throw new Error('this machine and the pods of this cluster do not reach each other');
  const [image] = await buildImages(['training'], printProgress);
  if (image === undefined) throw new Error('the image that retrains was not built');
  await cluster.loadImages([image.archive]);
  const folder = await mkdtemp(join(tmpdir(), 'windlass-figures-'));
  const { kubectl, host } = cluster;
  const { store } = connection;
  try {
    return await tellStory({
      kubectl,
      host,
      store,
      folder,
      trainingImage: image.contentTag,
      progress: printProgress,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
