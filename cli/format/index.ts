export { age, duration } from './age.ts';
export { bytes } from './bytes.ts';
export { document } from './document.ts';
export type { DocumentFormat } from './document.ts';
export { noPaint, paintFor } from './paint.ts';
export type { Paint, Tone } from './paint.ts';
export { columns, table } from './table.ts';
