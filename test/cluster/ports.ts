import { createServer, type AddressInfo, type Server } from 'node:net';

/** Free ports, chosen by the kernel, all different. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(host)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listen(host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => resolve(server));
  });
}

/** Runs `start` again, with ports chosen anew, when another process took one between the choice and the use. */
export async function retryTakenPort<T>(start: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start();
    } catch (error) {
      const taken =
        error instanceof Error && /address already in use|port is already in use/i.test(error.message);
      if (!taken || tries === 3) throw error;
    }
  }
}
