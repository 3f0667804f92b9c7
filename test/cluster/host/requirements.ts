import { attempt, run, which } from '../command.ts';
import { timed, type Progress } from '../progress.ts';
import { Unavailable } from '../unavailable.ts';
import { addresses, LINK } from './addresses.ts';

/** Program -> the Debian package that has it. */
const needed: Readonly<Record<string, string>> = {
  runc: 'runc',
  nft: 'nftables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  openssl: 'openssl',
  unshare: 'util-linux',
  nsenter: 'util-linux',
};

const pluginFolders = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];

/** Debian packages of programs that are missing here. */
export async function installPackages(packages: readonly string[], progress: Progress): Promise<void> {
  if (packages.length === 0) return;
  const names = packages.join(' ');
  if ((await which('apt-get')) === undefined || process.getuid?.() !== 0) {
    throw new Unavailable(`missing on this machine: ${names}`, `install ${names} (the names are Debian's)`);
  }
  progress(`  installing with apt-get: ${names}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await timed('apt-get', progress, async () => {
    await attempt('apt-get', ['update', '-q'], { env, timeout: 300_000 });
    const flags = ['install', '-y', '-q', '--no-install-recommends'];
    await run('apt-get', [...flags, ...packages], { env, timeout: 600_000 });
  });
}

/** The packages of `programs` (program -> package) that are not on PATH. */
export async function missingPackages(
  programs: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const found = await Promise.all(Object.keys(programs).map(which));
  const missing = Object.values(programs).filter((_, index) => found[index] === undefined);
  return [...new Set(missing)];
}

/** Throws Unavailable unless this machine can run the cluster as processes of its own. */
export async function checkMachine(): Promise<void> {
  const engine = 'start Docker or Podman, or name a cluster in WINDLASS_E2E_KUBECONFIG';
  if (process.platform !== 'linux') {
    throw new Unavailable('a cluster without an engine needs Linux', engine);
  }
  if (process.getuid?.() !== 0) {
    throw new Unavailable('a cluster without an engine needs root', `run as root, or ${engine}`);
  }
  const namespaces = await attempt('unshare', [
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--mount-proc',
    'true',
  ]);
  if (namespaces.code !== 0) {
    throw new Unavailable(
      `no namespaces can be created here: ${namespaces.stderr.trim()}`,
      `run with CAP_SYS_ADMIN and CAP_NET_ADMIN (a privileged container), or ${engine}`,
    );
  }
}

export async function checkNetwork(): Promise<void> {
  const routes = (await run('ip', ['-4', 'route', 'show', 'root', addresses.all])).split('\n');
  const foreign = routes.filter((route) => route !== '' && !route.includes(LINK));
  if (foreign.length === 0) return;
  throw new Unavailable(
    `the cluster's addresses ${addresses.all} are routed already: ${foreign.join('; ')}`,
    'remove that route, or start Docker or Podman',
  );
}

export async function installRequirements(progress: Progress): Promise<void> {
  const packages = await missingPackages(needed);
  const plugins = await pluginFolder();
  await installPackages(
    [...packages, ...(plugins === undefined ? ['containernetworking-plugins'] : [])],
    progress,
  );
}

/** Where the CNI plugins are. */
export async function pluginFolder(): Promise<string | undefined> {
  for (const folder of pluginFolders) {
    if ((await attempt('test', ['-x', `${folder}/ptp`])).code === 0) return folder;
  }
  return undefined;
}
