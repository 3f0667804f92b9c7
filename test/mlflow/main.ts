import { parseArgs } from 'node:util';
import { startMinio } from '../cluster/minio.ts';
import { startMlflow } from './server.ts';

// An MLflow server with an S3 server of its own, for tests in other languages: one line of JSON says where they are,
// and both end when standard input does.

const { values } = parseArgs({ options: { direct: { type: 'boolean' }, auth: { type: 'boolean' } } });
const progress = (line: string): void => console.error(line);
const minio = await startMinio({ progress });
try {
  const mlflow = await startMlflow({
    s3: minio,
    proxied: values.direct !== true,
    auth: values.auth === true,
    progress,
  });
  const { url, bucket, account } = mlflow;
  const { endpoint, accessKey, secretKey, region } = minio;
  console.log(JSON.stringify({ url, bucket, account, s3: { endpoint, accessKey, secretKey, region } }));
  await new Promise((resolve) => process.stdin.resume().once('end', resolve).once('close', resolve));
  await mlflow.stop();
} finally {
  await minio.stop();
}
