import { describe, expect, test } from 'vitest';
import { goldenSchemaOf } from '#contract/golden-pictures.ts';
import { sha256 } from '#contract/canonical.ts';
import { manifestSchema } from '#contract/model-manifest.ts';
import { loadModel } from '#runtime/model/load.ts';
import { Folder } from '#runtime/testing.ts';
import type { BundleFiles } from '#test/support/bundle.ts';
import { colourBundle, plain, png } from './test-pictures.ts';

const OPTIONS = { name: undefined, cores: 1, maxBatchSize: 4 };

function text(files: BundleFiles, name: string): string {
  return Buffer.from(files.get(name) ?? new Uint8Array()).toString();
}

/** The bundle with other bytes behind one name, listed with their digest. */
function replaced(name: string, bytes: Buffer): BundleFiles {
  const files = new Map([...colourBundle(), [name, bytes] as const]);
  const manifest = JSON.parse(text(files, 'model.json')) as { files: Record<string, object> };
  manifest.files[name] = { sha256: sha256(bytes), size: bytes.length };
  return files.set('model.json', Buffer.from(JSON.stringify(manifest)));
}

async function load(files: BundleFiles): Promise<unknown> {
  await using folder = await Folder.create(files);
  const model = await loadModel({ path: folder.path, ...OPTIONS });
  await model.close();
  return model;
}

describe('golden pictures', () => {
  test('are decoded, resized and asked for before the model serves', async () => {
    expect(await load(colourBundle())).toMatchObject({ merging: true });
    const blue = png(plain(16, 12, [0, 0, 255]));
    await expect(load(replaced('golden/red.png', blue))).rejects.toMatchObject({
      reason: 'CheckFailed',
      message: expect.stringContaining('Request: {"image":"golden/red.png"}') as string,
    });
  });

  test('that cannot be read are named', async () => {
    const half = png(plain(64, 64, [255, 0, 0])).subarray(0, 60);
    await expect(load(replaced('golden/red.png', half))).rejects.toMatchObject({
      reason: 'InvalidManifest',
      message: expect.stringContaining(
        'golden.json: the picture golden/red.png the PNG cannot be decoded',
      ) as string,
    });
    const gif = Buffer.from('GIF89a................');
    await expect(load(replaced('golden/red.png', gif))).rejects.toThrow(
      'golden/red.png is no JPEG, PNG or WebP',
    );
  });

  test('must be files that model.json lists: preflight refuses others', () => {
    const manifest = manifestSchema.parse(JSON.parse(text(colourBundle(), 'model.json')));
    const golden = (path: unknown): object => ({
      formatVersion: 1,
      rows: [{ input: { image: path }, output: { probabilities: [1, 0, 0] } }],
    });
    const schema = goldenSchemaOf(manifest);
    expect(schema.safeParse(golden('golden/red.png')).success).toBe(true);
    for (const path of ['golden/other.png', '/etc/passwd', '__proto__', 7, null]) {
      expect(schema.safeParse(golden(path)).error?.issues[0]).toMatchObject({
        path: ['rows', 0, 'input', 'image'],
        message: expect.stringContaining('must be the bundle path of a picture') as string,
      });
    }
  });
});

describe('an image input', () => {
  const input = (fields: object): unknown => {
    const manifest = JSON.parse(text(colourBundle(), 'model.json')) as { inputs: object[] };
    const inputs = [{ ...manifest.inputs[0], ...fields }];
    return manifestSchema.safeParse({ ...manifest, inputs }).error?.issues.map(({ message }) => message);
  };
  const image = { height: 6, width: 8 };

  test.each([
    [{ image }, undefined],
    [{ shape: [null, null, null, 3] }, undefined],
    [{ shape: [1, 6, 8, 3] }, undefined],
    [{ shape: [null, 3, 6, 8], image: { ...image, layout: 'nchw' } }, undefined],
    [{ image: { ...image, fit: 'crop', shorterSide: 8 } }, undefined],
    [{ type: 'float32' }, ['"image" is float32; pictures are uint8, scaling belongs into the graph']],
    [{ shape: [null, 3, 6, 8] }, ['"image" has shape [null, 3, 6, 8]; pictures are [null, 6, 8, 3]']],
    [{ shape: [null, 8, 6, 3] }, ['"image" has shape [null, 8, 6, 3]; pictures are [null, 6, 8, 3]']],
    [{ shape: [null, 6, 8, 1] }, ['"image" has shape [null, 6, 8, 1]; pictures are [null, 6, 8, 3]']],
    [{ shape: [4, 6, 8, 3] }, ['"image" has shape [4, 6, 8, 3]; pictures are [null, 6, 8, 3]']],
    [{ image: { ...image, shorterSide: 8 } }, ['is for fit "crop" alone']],
    [{ image: { ...image, fit: 'crop', shorterSide: 7 } }, ['is 7: too short to cut 8 x 6 out of it']],
  ])('%j', (fields, problems) => {
    expect(input(fields)).toEqual(problems);
  });

  test('is the only one of its model', () => {
    const manifest = JSON.parse(text(colourBundle(), 'model.json')) as { inputs: object[] };
    const inputs = [...manifest.inputs, { name: 'age', type: 'float32', shape: [null, 1] }];
    expect(manifestSchema.safeParse({ ...manifest, inputs }).error?.issues[0]?.message).toBe(
      '"image" takes pictures beside other inputs; a model of pictures has this input alone',
    );
  });
});
