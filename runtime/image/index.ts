/** The room of pictures: from a request's body to rows of a uint8 tensor. */
export { HOW_TO_SEND, isPictureBody, isPictureType } from './files.ts';
export { compilePictures, type PictureRequest, type Pictures } from './predict.ts';
export type { PictureProperties } from './properties.ts';
export { pixelLimit } from './limit.ts';
export { PictureReader } from './reader.ts';
