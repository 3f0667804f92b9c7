import { afterAll, beforeAll, beforeEach, describe, expect, inject } from 'vitest';
import { Bed } from '#test/bed/bed.ts';
import type { SpecInput, TestDeployment } from '#test/bed/model-deployment.ts';
import type { Namespace } from '#test/bed/namespace.ts';

const connection = inject('bed');
export const bed = connection === null ? undefined : new Bed(connection);

/**
 * Tests of one file, in a namespace that is made before them and deleted after them. A failing test prints the objects,
 * events and logs that explain it. Where no cluster can run, they count as skipped; global-setup.ts has said why.
 */
export function describeOnCluster(
  name: string,
  body: (namespace: () => Namespace, bed: () => Bed) => void,
): void {
  describe.skipIf(bed === undefined)(name, () => {
    let namespace: Namespace | undefined;
    const getBed = (): Bed => {
      if (bed === undefined) throw new Error('there is no test bed');
      return bed;
    };
    const getNamespace = (): Namespace => {
      if (namespace === undefined) throw new Error('the namespace is made in beforeAll');
      return namespace;
    };
    beforeAll(async () => {
      namespace = await getBed().namespace(`e2e-${name}`);
    });
    beforeEach(({ onTestFailed }) => {
      onTestFailed(async () => console.error(await getNamespace().describe()));
    });
    afterAll(() => namespace?.delete());
    body(getNamespace, getBed);
  });
}

/** Applies the spec: Ready tells the reason and each part of the message, and what served before (2x + y) serves on. */
export async function expectCandidateRefused(
  { served, revision }: { readonly served: TestDeployment; readonly revision: string | null },
  spec: SpecInput,
  reason: string,
  ...message: readonly RegExp[]
): Promise<void> {
  await served.apply(spec);
  const told = await served.notReady(reason);
  for (const part of message) expect(told).toMatch(part);
  expect((await served.condition('Available'))?.status).toBe('True');
  expect(await served.predict({ x: 3, y: 1 })).toMatchObject({
    status: 200,
    revision,
    body: { prediction: 7 },
  });
}
