import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { CliError } from '../exit.ts';
import type { LocalFile } from './bundle.ts';

export interface BucketOptions {
  readonly bucket: string;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly signal: AbortSignal;
  readonly partBytes?: number;
}

const PART_BYTES = 16 * 1024 * 1024;
/** S3 takes at most 10,000 parts. */
const MAX_PARTS = 10_000;
const PARALLEL = 4;

/** One bucket to push to. Memory stays below five parts, whatever a file's size. */
export class Bucket {
  readonly #client: S3Client;
  readonly #options: BucketOptions;

  constructor(options: BucketOptions) {
    this.#options = options;
    this.#client = new S3Client({
      ...(options.region === undefined ? {} : { region: options.region }),
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
    });
  }

  /** The whole of a small object, or undefined where there is none. */
  async read(key: string): Promise<Buffer | undefined> {
    try {
      const { Body } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#options.bucket, Key: key }),
        { abortSignal: this.#options.signal },
      );
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** Whether the object is there with these bytes, as an earlier push has recorded them. */
  async holds(key: string, file: LocalFile): Promise<boolean> {
    try {
      const { ContentLength, Metadata } = await this.#client.send(
        new HeadObjectCommand({ Bucket: this.#options.bucket, Key: key }),
        { abortSignal: this.#options.signal },
      );
      return ContentLength === file.size && Metadata?.['sha256'] === file.sha256;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  async write(key: string, body: Buffer, sha256: string): Promise<void> {
    await this.#client.send(
      new PutObjectCommand({ Bucket: this.#options.bucket, Key: key, Body: body, Metadata: { sha256 } }),
      { abortSignal: this.#options.signal },
    );
  }

  /** Uploads a file in parts and hashes it on the way: bytes that changed since they were verified are never completed. */
  async upload(key: string, file: LocalFile, progress: (sent: number) => void): Promise<void> {
    const partBytes = this.#options.partBytes ?? PART_BYTES;
    if (file.size <= partBytes) {
      const body = await readFile(file.file);
      unchanged(file, createHash('sha256').update(body).digest('hex'));
      await this.write(key, body, file.sha256);
      progress(body.length);
      return;
    }
    const target = { Bucket: this.#options.bucket, Key: key };
    const { UploadId } = await this.#client.send(
      new CreateMultipartUploadCommand({ ...target, Metadata: { sha256: file.sha256 } }),
      { abortSignal: this.#options.signal },
    );
    try {
      const size = Math.max(partBytes, Math.ceil(file.size / MAX_PARTS));
      const parts = await this.#uploadParts({ ...target, UploadId }, file, size, progress);
      await this.#client.send(
        new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }),
        { abortSignal: this.#options.signal },
      );
    } catch (error) {
      await this.#client
        .send(new AbortMultipartUploadCommand({ ...target, UploadId }))
        .catch(() => undefined);
      throw error;
    }
  }

  close(): void {
    this.#client.destroy();
  }

  /** Reads in order, sends up to four parts at a time. */
  async #uploadParts(
    target: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined },
    file: LocalFile,
    partBytes: number,
    progress: (sent: number) => void,
  ): Promise<CompletedPart[]> {
    const hash = createHash('sha256');
    const handle = await open(file.file);
    const running = new Set<Promise<void>>();
    const parts: CompletedPart[] = [];
    try {
      for (let number = 1, at = 0; at < file.size; number += 1) {
        const body = Buffer.alloc(Math.min(partBytes, file.size - at));
        const { bytesRead } = await handle.read(body, 0, body.length, at);
        if (bytesRead !== body.length) throw changed(file);
        hash.update(body);
        at += body.length;
        const part = this.#uploadPart(target, number, body, parts, progress);
        running.add(part);
        part.finally(() => running.delete(part)).catch(() => undefined); // the race and the wait below report it
        if (running.size >= PARALLEL) await Promise.race(running);
      }
      await Promise.all(running);
    } finally {
      await Promise.allSettled(running);
      await handle.close();
    }
    unchanged(file, hash.digest('hex'));
    return parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
  }

  async #uploadPart(
    target: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined },
    number: number,
    body: Buffer,
    parts: CompletedPart[],
    progress: (sent: number) => void,
  ): Promise<void> {
    const { ETag, ChecksumCRC32 } = await this.#client.send(
      new UploadPartCommand({ ...target, PartNumber: number, Body: body }),
      { abortSignal: this.#options.signal },
    );
    parts.push({ PartNumber: number, ETag, ChecksumCRC32 });
    progress(body.length);
  }
}

function unchanged(file: LocalFile, digest: string): void {
  if (digest !== file.sha256) throw changed(file);
}

function changed(file: LocalFile): CliError {
  return new CliError(`${file.path} changed while it was being uploaded`, {
    hint: 'wait until the training code has finished, then push again',
  });
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NotFound');
}
