import type { Service } from '../http/index.ts';

export const S3_SERVICE: Service = {
  endpoint: 'S3 endpoint',
  kind: 'S3 store',
  setting: 'AWS_ENDPOINT_URL',
};
