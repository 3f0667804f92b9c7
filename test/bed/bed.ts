import { Namespace, type Kubectl } from './namespace.ts';
import { runKubectl } from './kubectl.ts';
import { Store, type StoreConnection } from './store.ts';

/** How any process reaches the test bed. */
export interface BedConnection {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly store: StoreConnection;
  readonly operatorNamespace: string;
  readonly auditLog: string | undefined;
  /** The runtime image that the operator was installed with. */
  readonly runtimeImage: string;
}

const BUCKET = 'models';

/** The whole system on the test cluster: the operator as its chart installs it, and an S3 server. */
export class Bed {
  readonly connection: BedConnection;
  readonly kubectl: Kubectl;
  readonly store: Store;

  constructor(connection: BedConnection) {
    this.connection = connection;
    this.kubectl = (args, input) => runKubectl(connection, args, input);
    this.store = new Store(connection.store, BUCKET);
  }

  /** A fresh namespace; one of an earlier run is deleted first. */
  async namespace(name: string): Promise<Namespace> {
    await this.kubectl(['delete', 'namespace', name, '--ignore-not-found', '--wait=true']);
    await this.store.create();
    const namespace = new Namespace(name, this.store, this.kubectl);
    await namespace.create();
    return namespace;
  }
}
