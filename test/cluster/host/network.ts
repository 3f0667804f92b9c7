import { run } from '../command.ts';
import { addresses, LINK } from './addresses.ts';
import { runInside } from './sandbox.ts';

/** A link between this machine and the cluster, routes to pods and Services, and no way from the cluster to elsewhere. */
export async function connect(anchor: number): Promise<void> {
  await run('ip', ['link', 'add', LINK, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(anchor)]);
  await runInside(anchor, ['sh', '-ec', insideScript]);
  await run('ip', ['address', 'add', `${addresses.host}/30`, 'dev', LINK]);
  await run('ip', ['link', 'set', LINK, 'up']);
  for (const range of [addresses.pods, addresses.services]) {
    await run('ip', ['route', 'add', range, 'via', addresses.node, 'dev', LINK]);
  }
}

// The default route leads to a bridge without ports: programs that look for one find it, and packets end there.
const insideScript = `
ip link set lo up
ip address add ${addresses.node}/30 dev eth0
ip link set eth0 up
ip link add nowhere type bridge
ip link set nowhere up
ip route add default dev nowhere
sysctl -q -w net.ipv4.ip_forward=1 || echo 1 > /proc/sys/net/ipv4/ip_forward
`;
