import { refused, type V2Input, type V2Request } from './v2-request.ts';

/** Most rows, or other sizes multiplied, that a request may ask for without sending an element for each. */
const MOST_HOLLOW = 10_000;

/**
 * Refuses a tensor without elements whose other sizes are huge: a hundred bytes could ask for a billion rows. `backed` says
 * that another tensor has elements for each row.
 */
export function refuseHollow(inputs: readonly V2Input[], { tensors }: V2Request, backed: boolean): void {
  for (const [index, { dims, data }] of tensors.entries()) {
    if (data.length > 0) continue;
    const shape = inputs[index]?.shape ?? [];
    const own = dims.filter((size, axis) => size > 0 && shape[axis] === null && !(axis === 0 && backed));
    const asked = own.reduce((product, size) => product * size, 1);
    if (asked <= MOST_HOLLOW) continue;
    const message = `[${dims.join(', ')}] has no elements; without any, at most ${MOST_HOLLOW} rows can be asked for, or sizes that make so many together`;
    throw refused([{ path: ['inputs', index, 'shape'], message }]);
  }
}
