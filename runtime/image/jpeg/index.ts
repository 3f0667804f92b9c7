/** The quick way for the most common pictures: JPEGs without anything special. */
export { isPlain } from './plain.ts';
export { openTurbo, type DecodeJpeg } from './turbo.ts';
