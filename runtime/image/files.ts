import { RequestError } from '#runtime/protocol/errors.ts';
import { formatOf, type PictureFormat } from './header.ts';
import { parseMediaType } from './media-type.ts';
import { parseMultipart } from './multipart.ts';

/** The form's field that holds a picture. */
export const FILE_FIELD = 'file';

/** One picture as it was sent. */
export interface PictureFile {
  readonly bytes: Buffer;
  /** What its sender says it is; undefined where nothing certain is said. */
  readonly declared: string | undefined;
}

/** A request's body that may hold pictures. */
export interface PictureBody {
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
}

export const HOW_TO_SEND =
  'send a picture as multipart/form-data in the part "file" (curl -F file=@photo.jpg), or its bytes with content-type: image/jpeg, image/png or image/webp';

/** Beside the files a form may have a few fields that nobody reads. */
const OTHER_PARTS = 16;

const FORM_TYPE = 'multipart/form-data';
const FORMATS: ReadonlyMap<string, PictureFormat> = new Map([
  ['image/jpeg', 'jpeg'],
  ['image/jpg', 'jpeg'],
  ['image/pjpeg', 'jpeg'],
  ['image/png', 'png'],
  ['image/x-png', 'png'],
  ['image/webp', 'webp'],
]);
const ANY_FORMAT: ReadonlySet<string> = new Set([
  'application/octet-stream',
  'binary/octet-stream',
  'image/*',
]);

/** Whether a body of this content type is a picture, or a form that may hold one. */
export function isPictureType(contentType: string): boolean {
  const type = typeOf(contentType);
  return type === FORM_TYPE || FORMATS.has(type) || ANY_FORMAT.has(type);
}

/** Whether the body is for this room: by its content type, or by its first bytes where it has none. */
export function isPictureBody({ bytes, contentType }: PictureBody): boolean {
  return contentType === undefined ? formatOf(bytes) !== undefined : isPictureType(contentType);
}

/** The pictures of a body: at most `limit` in a form, one as the body itself. Throws RequestError. */
export function filesOf({ bytes, contentType }: PictureBody, limit: number): readonly PictureFile[] {
  if (contentType === undefined || typeOf(contentType) !== FORM_TYPE)
    return [{ bytes, declared: declaredType(contentType) }];
  const boundary = parseMediaType(contentType)?.parameters.get('boundary');
  const parts = parseMultipart(bytes, boundary, { parts: limit + OTHER_PARTS });
  const files = parts.filter(({ name }) => name === FILE_FIELD);
  if (files.length === 0) {
    const names = [...new Set(parts.map(({ name }) => JSON.stringify(name.slice(0, 60))))]
      .slice(0, 8)
      .join(', ');
    throw invalid(`is required; the form has ${names}`);
  }
  if (files.length > limit) {
    const advice = limit === 1 ? 'POST /predict_batch takes several' : 'split the batch';
    throw invalid(
      `must be given at most ${limit === 1 ? 'once' : `${limit} times`}, is ${files.length} times; ${advice}`,
    );
  }
  return files.map(({ body, contentType }) => ({ bytes: body, declared: declaredType(contentType) }));
}

/** The format that a sender promises; `unknown` for a type that is none of ours. */
export function declaredFormat(declared: string): PictureFormat | 'unknown' {
  return FORMATS.get(declared) ?? 'unknown';
}

function declaredType(contentType: string | undefined): string | undefined {
  if (contentType === undefined) return undefined;
  const type = typeOf(contentType);
  return ANY_FORMAT.has(type) ? undefined : type;
}

function typeOf(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

function invalid(message: string): RequestError {
  return new RequestError(422, 'InvalidInput', 'one field is not what the model takes', {
    problems: [{ path: [FILE_FIELD], message }],
  });
}
