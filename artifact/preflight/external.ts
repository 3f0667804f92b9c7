import { posix } from 'node:path';
import { bundlePathSchema } from '#contract/artifact.ts';
import { type ExternalData, quote, unsafe } from './facts.ts';

/** A bare .onnx is one object: whatever its external data named would not be pinned, and is not fetched. */
export function refuseExternal({ tensor, location }: ExternalData): void {
  throw unsafe(
    `keeps tensor ${quote(tensor)} in the external file ${quote(location)}. Upload a bundle (a prefix with model.json) that lists both files, or save the model as one file`,
  );
}

/** Lets a graph refer only to bytes that are inside a file of its bundle. `sizeOf` gives undefined for a file that is not listed. */
export function checkExternal(
  graphPath: string,
  sizeOf: (path: string) => number | undefined,
): (data: ExternalData) => void {
  return ({ tensor, location, offset, length }) => {
    const label = `tensor ${quote(tensor)}`;
    const refuse = (problem: string): never => {
      throw unsafe(`takes ${label} from the external file ${quote(location)}, ${problem}`);
    };
    if (location === '') throw unsafe(`keeps ${label} in external data without a location`);
    // ONNX Runtime reads a location of this form as an address in its own memory.
    if (location.includes('*') || location.includes('\0')) refuse('which is not a file name');
    if (posix.isAbsolute(location) || /^[A-Za-z]:|^\\/.test(location))
      refuse('which is an absolute path. External data must be in the bundle');
    const relative = location.replace(/^(?:\.\/)+/, '');
    if (!bundlePathSchema.safeParse(relative).success)
      refuse('which leaves the bundle. External data must be beside the graph');
    const folder = posix.dirname(graphPath);
    const path = folder === '.' ? relative : `${folder}/${relative}`;
    const size = sizeOf(path);
    if (size === undefined) {
      refuse('which model.json does not list. Add it to "files" with its size and sha256');
    } else if (offset + length > size) {
      refuse(`bytes ${offset} to ${offset + length}, past its end at ${size}. Export and upload it again`);
    }
  };
}
