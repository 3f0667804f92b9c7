import type { Element } from '#runtime/engine/tensor.ts';
import type { Nested } from './nested.ts';

/** One input's part of a row: its only element, or its elements with their dimensions. */
export type Cell = Element | Nested;

/** A row as the model takes it: one cell per graph input, in the graph's order. */
export type Row = readonly Cell[];
