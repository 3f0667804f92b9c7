import { copyFile, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, which } from '../command.ts';
import { installPackages } from '../host/requirements.ts';
import { cacheFolder } from '../paths.ts';
import { timed, type Progress } from '../progress.ts';
import { buildah, imageExists } from './buildah.ts';

export const BASE = 'docker.io/library/node:24-bookworm-slim';

const NPM = 'npm@11';
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

/** Makes sure that the base image is there: pulled where a registry answers, else assembled under the same name. */
export async function provideBase(progress: Progress): Promise<void> {
  if (await imageExists(BASE)) return;
  const pulled = await buildah(['pull', '--quiet', BASE], 300_000).then(
    () => true,
    () => false,
  );
  if (pulled) return;
  progress(`  no registry has ${BASE} for us: assembling it from Debian packages and npm`);
  await timed('assembling the base image', progress, () => assemble(progress));
}

async function assemble(progress: Progress): Promise<void> {
  if ((await which('debootstrap')) === undefined) await installPackages(['debootstrap'], progress);
  const root = cacheFolder('base-image');
  await rm(root, { recursive: true, force: true });
  await mkdir(dirname(root), { recursive: true });
  await run('debootstrap', ['--variant=minbase', 'bookworm', root], { timeout: 600_000 });
  const local = join(root, 'usr/local');
  await copyFile(realpathSync(process.execPath), join(local, 'bin/node'));
  await run('npm', ['install', '--global', '--no-audit', '--no-fund', `--prefix=${local}`, NPM], {
    timeout: 300_000,
  });
  await trustThisMachinesAuthorities(root);
  // Package lists and caches are no part of a slim image.
  for (const folder of [
    'var/cache/apt',
    'var/lib/apt/lists',
    'usr/share/doc',
    'usr/share/man',
    'usr/share/locale',
  ]) {
    await rm(join(root, folder), { recursive: true, force: true });
    await mkdir(join(root, folder), { recursive: true });
  }
  await commit(root);
  await rm(root, { recursive: true, force: true });
}

/** A machine without a registry often has a proxy with an authority of its own before npm's. Build stages alone see it. */
async function trustThisMachinesAuthorities(root: string): Promise<void> {
  await mkdir(join(root, dirname(AUTHORITIES)), { recursive: true });
  await cp(AUTHORITIES, join(root, AUTHORITIES), { dereference: true }).catch(() =>
    writeFile(join(root, AUTHORITIES), ''),
  );
}

async function commit(root: string): Promise<void> {
  const container = (await buildah(['from', 'scratch'])).trim();
  try {
    await buildah(['add', '--quiet', container, root, '/'], 300_000);
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    await buildah([
      'config',
      '--env',
      path,
      '--env',
      `NODE_EXTRA_CA_CERTS=${AUTHORITIES}`,
      '--cmd',
      'node',
      container,
    ]);
    await buildah(['commit', '--quiet', container, BASE], 300_000);
  } finally {
    await buildah(['rm', container]);
  }
}
