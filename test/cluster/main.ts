import { spawn } from 'node:child_process';
import { build, buildImages, down, status, Unavailable, up } from './index.ts';
import type { Binary } from './components.ts';
import { elapsed } from './progress.ts';

const usage = `Usage: node test/cluster/main.ts <command>

  up                    start the test cluster, or say that it runs
  down                  end it and leave nothing of it
  status                what runs
  kubectl <arguments>   kubectl against it
  images                build the project's images and load them into it, if it runs
  build <programs>      build programs of the cluster into the cache (etcd, kubectl, helm, ...)

An existing cluster is used when WINDLASS_E2E_KUBECONFIG names its kubeconfig.`;

async function showUp(): Promise<void> {
  const start = performance.now();
  const cluster = await up();
  console.log(`Test cluster (${cluster.provider}) is up after ${elapsed(start)}.`);
  console.log(`  export KUBECONFIG=${cluster.kubeconfig}`);
  if (cluster.logs !== undefined) console.log(`  logs: ${cluster.logs}`);
}

async function showStatus(): Promise<number> {
  const found = await status();
  switch (found.state) {
    case 'running':
      console.log(`running (${found.provider}), KUBECONFIG=${found.cluster.kubeconfig}`);
      return 0;
    case 'broken':
      console.log(`broken (${found.provider}): ${found.reason}; "up" starts it anew`);
      return 1;
    case 'absent':
      console.log('no test cluster runs');
      return 1;
  }
}

async function kubectl(args: readonly string[]): Promise<number> {
  const found = await status();
  if (found.state !== 'running') return showStatus();
  const { kubectl } = await build(['kubectl']);
  const child = spawn(kubectl, [`--kubeconfig=${found.cluster.kubeconfig}`, ...args], { stdio: 'inherit' });
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

async function images(): Promise<void> {
  const built = await buildImages(['operator', 'runtime', 'training']);
  const found = await status();
  if (found.state !== 'running') return;
  await found.cluster.loadImages(built.map(({ archive }) => archive));
  console.log(`loaded: ${built.map(({ tag }) => tag).join(', ')}`);
}

async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'up':
      await showUp();
      return 0;
    case 'down':
      await down();
      return 0;
    case 'status':
      return showStatus();
    case 'kubectl':
      return kubectl(args);
    case 'images':
      await images();
      return 0;
    case 'build':
      for (const [name, path] of Object.entries(await build(args as Binary[])))
        console.log(`${name}\t${path}`);
      return 0;
    default:
      console.error(usage);
      return command === undefined || command === 'help' || command === '--help' ? 0 : 2;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Unavailable ? `No test cluster can run here: ${error.message}.` : error);
  process.exitCode = 1;
}
