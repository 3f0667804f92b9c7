import type { Traffic } from '#contract/traffic.ts';
import type { ConfigMap } from '#operator/kube/index.ts';
import { child, type Child } from './children.ts';
import { ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import { readTraffic, trafficName } from './traffic-file.ts';

/** The ConfigMap that holds the traffic file and what is remembered of all revisions together. */
export function trafficMap(o: Observed): Child<ConfigMap> {
  return child(o, 'ConfigMap', trafficName(ownerOf(o.modelDeployment)));
}

/** The same, where it is ours and stays. */
export function ownTrafficMap(o: Observed): ConfigMap | undefined {
  const known = trafficMap(o);
  return known.is === 'ours' ? known.object : undefined;
}

/** The traffic file as it is written now; undefined where there is none that can be read. */
export function trafficNow(o: Observed): Traffic | undefined {
  return readTraffic(ownTrafficMap(o));
}
