import { connect } from 'node:net';
import { run } from './command.ts';

/** Whether this machine reaches Services' addresses, tried on the API server's own. */
export async function reachesServices(kubectl: string, kubeconfig: string): Promise<boolean> {
  const jsonpath = '-o=jsonpath={.spec.clusterIP}';
  const address = await run(kubectl, [
    `--kubeconfig=${kubeconfig}`,
    'get',
    'service',
    'kubernetes',
    '-n=default',
    jsonpath,
  ]);
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 443, timeout: 2000 });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
