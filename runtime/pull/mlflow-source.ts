import { type MlflowServer, pathOfProxiedUri } from '#artifact/index.ts';
import type { Artifact } from '#contract/artifact.ts';
import type { Source } from './source.ts';

/** Reads an artifact's files from the tracking server that proxies them. */
export function mlflowSource(server: MlflowServer, artifact: Artifact): Source {
  const root = pathOfProxiedUri(artifact.uri) ?? '';
  const { registry } = artifact;
  const label = registry === undefined ? artifact.uri : `models:/${registry.name}/${registry.version}`;
  return {
    name: 'mlflow',
    oneAtATime: true,
    read: (file, start, end, signal) =>
      server.read(
        {
          path: root === '' ? file.path : `${root}/${file.path}`,
          size: file.size,
          what: `${label} (${file.path})`,
        },
        start,
        end,
        signal,
      ),
  };
}
