import { connectionFromEnvironment, createS3Store, resolveModel } from '#artifact/index.ts';

/** Resolves the model that its argument names, so that the figure can watch the memory of this process. */
const s3 = createS3Store({
  ...connectionFromEnvironment(process.env),
  podIdentity: true,
  addresses: { allowLoopback: true },
});
const { artifact } = await resolveModel({
  source: { uri: process.argv[2] ?? '' },
  s3,
  signal: AbortSignal.timeout(600_000),
});
console.error(`resolved ${artifact.size} bytes`);
process.exit(0);
