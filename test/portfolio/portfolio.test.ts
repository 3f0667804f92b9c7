import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { Portfolio } from './portfolio.ts';

test('the bucket of models keeps versions: a retraining overwrites what serves', async () => {
  const asked: string[] = [];
  const store = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  const address = store.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const portfolio = new Portfolio({
    kubectl: () => Promise.resolve(''),
    host: { address: '127.0.0.1', listen: '127.0.0.1' },
    store: { endpoint: `http://127.0.0.1:${port}`, region: 'here', accessKey: 'a', secretKey: 'b' },
    folder: '',
    progress: () => undefined,
  });
  try {
    await portfolio.makeBucket();
    expect(asked).toEqual([
      expect.stringMatching(/^PUT \/models\/?$/),
      expect.stringMatching(/^PUT \/models\/?\?versioning/),
    ]);
  } finally {
    await portfolio.stop();
    store.close();
    store.closeAllConnections();
  }
});
