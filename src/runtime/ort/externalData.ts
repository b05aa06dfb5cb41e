/**
 * Fills the external files of a graph from a pack: reads each span once it is needed, changes element type or
 * layout where the graph asks for another than the pack holds, and writes it in place.
 */
import { RoundsError } from '../../shared/errors';
import { floatArrayFromHalf, halfArrayFrom } from '../../shared/half';
import type { PackTensor } from '../../shared/pack';
import type { ExternalEntry, ExternalFile, PackReader } from '../../engine/ports';

type StoredType = 'uint8' | 'float16' | 'float32';

/**
 * @returns one buffer for each file, in order
 * @throws RoundsError pack_invalid, out_of_memory
 */
export async function fillExternalFiles(
  files: ExternalFile[],
  pack: PackReader,
  onProgress?: (doneBytes: number) => void,
): Promise<{ path: string; data: Uint8Array<ArrayBuffer> }[]> {
  const tensors = new Map(pack.manifest.tensors.map((tensor) => [tensor.name, tensor]));
  const filled: { path: string; data: Uint8Array<ArrayBuffer> }[] = [];
  let done = 0;
  for (const file of files) {
    const data = allocate(file.size);
    for (const entry of file.entries) {
      const tensor = tensors.get(entry.tensor);
      if (!tensor) throw new RoundsError('pack_invalid', `The pack holds no tensor named ${entry.tensor}.`);
      data.set(await entryBytes(entry, tensor, pack), entry.offset);
      done += entry.length;
      onProgress?.(done);
    }
    filled.push({ path: file.path, data });
  }
  return filled;
}

function allocate(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    const megabytes = Math.round(size / 2 ** 20);
    throw new RoundsError(
      'out_of_memory',
      `The browser could not allocate ${megabytes} MB for the weights.`,
      {
        cause,
      },
    );
  }
}

async function entryBytes(
  entry: ExternalEntry,
  tensor: PackTensor,
  pack: PackReader,
): Promise<Uint8Array<ArrayBuffer>> {
  const span = entry.part === 'scales' ? tensor.scales : tensor.data;
  if (!span) throw new RoundsError('pack_invalid', `${tensor.name} has no ${entry.part}.`);
  const stored = storedType(entry, tensor);
  let bytes = convertElements(await pack.read(span), stored, entry.type as StoredType);
  if (entry.transpose) bytes = transposed(bytes, tensor.shape as [number, number], entry.length);
  if (bytes.length !== entry.length) {
    throw new RoundsError(
      'pack_invalid',
      `${tensor.name}: ${bytes.length} bytes of ${entry.part}, the graph wants ${entry.length}.`,
    );
  }
  return bytes;
}

function storedType(entry: ExternalEntry, tensor: PackTensor): StoredType {
  if (entry.part === 'scales') return 'float16';
  return tensor.dtype === 'f16' ? 'float16' : tensor.dtype === 'f32' ? 'float32' : 'uint8';
}

function convertElements(
  bytes: Uint8Array<ArrayBuffer>,
  from: StoredType,
  to: StoredType,
): Uint8Array<ArrayBuffer> {
  if (from === to) return bytes;
  if (from === 'float16' && to === 'float32') {
    return new Uint8Array(floatArrayFromHalf(new Uint16Array(bytes.buffer)).buffer);
  }
  if (from === 'float32' && to === 'float16') {
    return new Uint8Array(halfArrayFrom(new Float32Array(bytes.buffer)).buffer);
  }
  throw new RoundsError('internal', `No conversion from ${from} to ${to}.`);
}

/** [rows, columns] → [columns, rows] for elements of 2 or 4 bytes. */
function transposed(
  bytes: Uint8Array<ArrayBuffer>,
  [rows, columns]: [number, number],
  length: number,
): Uint8Array<ArrayBuffer> {
  const wide = length === rows * columns * 4;
  const source = wide ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer);
  const target = wide ? new Uint32Array(rows * columns) : new Uint16Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      target[column * rows + row] = source[row * columns + column] ?? 0;
    }
  }
  return new Uint8Array(target.buffer);
}
