/** Where a server that runs beside the tests is reachable from pods: it listens on `listen`, pods call `address`. */
export interface HostAddress {
  readonly listen: string;
  readonly address: string;
}

export interface Disasters {
  /** Keeps the API server's data as it is now. */
  readonly backUp: () => Promise<void>;
  /** Back to that data. */
  readonly restore: () => Promise<void>;
  /** The node's power goes, and comes back. */
  readonly loseNode: () => Promise<void>;
}

/** A Kubernetes cluster to test on, whoever provides it. */
export interface Cluster {
  readonly provider: 'host' | 'kind' | 'existing';
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** Puts images (docker or OCI archives) where the nodes find them without a registry. */
  readonly loadImages: (archives: readonly string[]) => Promise<void>;
  /** undefined where pods cannot reach this machine. */
  readonly host: HostAddress | undefined;
  /** Whether this machine reaches pods' and Services' addresses. */
  readonly reachable: boolean;
  /** Folder with the components' logs, where this machine has them. */
  readonly logs: string | undefined;
  /** The API server's audit log (Metadata of each write), where this machine has it. */
  readonly auditLog: string | undefined;
  /** Takes the API server away and brings it back; undefined where the provider cannot. */
  readonly apiServer: { readonly stop: () => Promise<void>; readonly start: () => Promise<void> } | undefined;
  /** Undefined where the provider cannot. */
  readonly disasters: Disasters | undefined;
}

export type Health =
  | { readonly state: 'running'; readonly cluster: Cluster }
  | { readonly state: 'broken'; readonly reason: string }
  | { readonly state: 'absent' };
