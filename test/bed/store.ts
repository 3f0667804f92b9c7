import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { BundleFiles } from '#test/support/bundle.ts';

export interface StoreConnection {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A bucket of the test bed's S3 server. */
export class Store {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly connection: StoreConnection;

  constructor(connection: StoreConnection, bucket: string) {
    this.connection = connection;
    this.#bucket = bucket;
    this.#client = new S3Client({
      endpoint: connection.endpoint,
      region: connection.region,
      forcePathStyle: true,
      credentials: { accessKeyId: connection.accessKey, secretAccessKey: connection.secretKey },
    });
  }

  async create(options: { readonly versioned?: boolean } = {}): Promise<void> {
    await this.#client.send(new CreateBucketCommand({ Bucket: this.#bucket })).catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== 'BucketAlreadyOwnedByYou') throw error;
    });
    if (options.versioned !== true) return;
    await this.#client.send(
      new PutBucketVersioningCommand({
        Bucket: this.#bucket,
        VersioningConfiguration: { Status: 'Enabled' },
      }),
    );
  }

  /** Writes one object and returns its version, where the bucket keeps versions. */
  async put(key: string, body: Uint8Array | string): Promise<string | undefined> {
    const { VersionId } = await this.#client.send(
      new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body }),
    );
    return VersionId;
  }

  /** Writes a bundle, model.json last, and returns its URI. `prefix` ends in a slash. */
  async putBundle(prefix: string, files: BundleFiles): Promise<string> {
    for (const [path, bytes] of [...files].filter(([path]) => path !== 'model.json')) {
      await this.put(`${prefix}${path}`, bytes);
    }
    const manifest = files.get('model.json');
    if (manifest !== undefined) await this.put(`${prefix}model.json`, manifest);
    return this.uri(prefix);
  }

  uri(key: string): string {
    return `s3://${this.#bucket}/${key}`;
  }

  close(): void {
    this.#client.destroy();
  }
}
