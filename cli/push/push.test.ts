import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { linearBundle } from '#test/support/bundle.ts';
import { sha256 } from '#contract/canonical.ts';
import { readBundle } from './bundle.ts';
import { parseTarget, push } from './push.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-push-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: ReadonlyMap<string, Uint8Array> = linearBundle()): Promise<void> {
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

describe('a folder is a bundle when every file that model.json lists is there with its digest', () => {
  test('a whole bundle, and files beside it that are left out', async () => {
    await write();
    await writeFile(join(folder, 'notes.txt'), 'x');
    const bundle = await readBundle(folder);
    expect(bundle.manifest.name).toBe('linear');
    expect(bundle.files.map((file) => file.path).toSorted()).toEqual(['golden.json', 'model.onnx']);
    expect(bundle.manifestSha256).toBe(sha256(bundle.manifestBytes));
    expect(bundle.unlisted).toEqual(['notes.txt']);
  });

  const broken: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ['no model.json', () => rm(join(folder, 'model.json')), 'has no model.json'],
    ['a file missing', () => rm(join(folder, 'model.onnx')), 'model.onnx: is not there'],
    ['a file cut short', () => writeFile(join(folder, 'model.onnx'), 'x'), 'model.onnx: has 1 bytes'],
    ['model.json not JSON', () => writeFile(join(folder, 'model.json'), '{'), 'model.json is not JSON'],
    ['model.json of another form', () => writeFile(join(folder, 'model.json'), '{}'), 'formatVersion:'],
    [
      'model.json too large',
      () => writeFile(join(folder, 'model.json'), Buffer.alloc(1024 * 1024 + 1, ' ')),
      'at most 1.0 MiB',
    ],
    [
      'a symbolic link in place of a file',
      async () => {
        await rm(join(folder, 'model.onnx'));
        await symlink('/etc/hostname', join(folder, 'model.onnx'));
      },
      'model.onnx: is not a plain file',
    ],
    [
      'other bytes of the same length',
      () =>
        writeFile(join(folder, 'golden.json'), Buffer.alloc(linearBundle().get('golden.json')?.length ?? 0)),
      'golden.json: has the sha256',
    ],
  ];
  test.each(broken)('%s is refused', async (_case, damage, message) => {
    await write();
    await damage();
    await expect(readBundle(folder)).rejects.toThrow(message);
  });
});

describe('the place to push to', () => {
  test('is a bucket and a prefix', () => {
    expect(parseTarget('s3://models/bankchurn/2/')).toMatchObject({
      bucket: 'models',
      prefix: 'bankchurn/2/',
    });
    expect(parseTarget('s3://models/')).toMatchObject({ prefix: '' });
  });
  test.each([
    ['https://models/x/', 'names no place'],
    ['s3://m/x/', 'names no place'],
    ['s3://models/bankchurn/2', 'does not end in a slash'],
  ])('%s is refused', (uri, message) => {
    expect(() => parseTarget(uri)).toThrow(message);
  });
});

/** A bucket in memory that notes the order of its writes. */
function memoryBucket(objects: Map<string, string>, order: string[]) {
  return {
    read: async (key: string) => (objects.has(key) ? Buffer.from(objects.get(key) ?? '') : undefined),
    holds: async (key: string, file: { sha256: string }) => objects.get(key) === file.sha256,
    upload: async (key: string, file: { sha256: string }) => {
      objects.set(key, file.sha256);
      order.push(key);
    },
    write: async (key: string, body: Buffer) => {
      objects.set(key, body.toString());
      order.push(key);
    },
  };
}

describe('a push', () => {
  const silent = { uploading: () => undefined, sent: () => undefined, kept: () => undefined };
  const target = parseTarget('s3://models/linear/1/');

  test('writes model.json last, and pushing again writes nothing', async () => {
    await write();
    const bundle = await readBundle(folder);
    const [objects, order]: [Map<string, string>, string[]] = [new Map(), []];
    await push(bundle, target, memoryBucket(objects, order), false, silent);
    expect(order.at(-1)).toBe('linear/1/model.json');
    expect(order).toHaveLength(3);
    const again = await push(bundle, target, memoryBucket(objects, order), false, silent);
    expect(again.uploaded).toEqual([]);
    expect(order).toHaveLength(3);
  });

  test('goes on where an earlier one was cut', async () => {
    await write();
    const bundle = await readBundle(folder);
    const [objects, order]: [Map<string, string>, string[]] = [new Map(), []];
    const [first] = bundle.files;
    objects.set(`linear/1/${first?.path}`, first?.sha256 ?? '');
    const { kept, uploaded } = await push(bundle, target, memoryBucket(objects, order), false, silent);
    expect(kept).toEqual([first?.path]);
    expect(uploaded).toContain('model.json');
  });

  test('never changes a bundle in place, unless forced', async () => {
    await write();
    const bundle = await readBundle(folder);
    const objects = new Map([['linear/1/model.json', '{"another": true}']]);
    const order: string[] = [];
    const bucket = memoryBucket(objects, order);
    await expect(push(bundle, target, bucket, false, silent)).rejects.toThrow('already holds another bundle');
    expect(order).toEqual([]);
    await push(bundle, target, bucket, true, silent);
    expect(order.at(-1)).toBe('linear/1/model.json');
  });
});
