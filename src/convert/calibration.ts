/**
 * Calibration: how much each input of a linear layer counts, measured elsewhere by running the model on typical
 * questions. A safetensors file with a float32 vector [in features] for each weight that it knows, under the name that
 * the weight has in published checkpoints (`model.layers.0.mlp.down_proj.weight`): the mean square of that input. The scale search then weighs the error of a weight by it, so
 * that Σ (W x − Ŵ x)² is what becomes small, as far as inputs are independent of each other. 2 MB for 3 B weights.
 */
import { RoundsError } from '../shared/errors';
import { sha256Hex } from '../shared/sha256';
import type { Calibration, ConversionChoice } from './choice';
import { readHeader, type StoredTensor } from './safetensors';
import type { PackWeight } from './weightMap';

export const MAX_CALIBRATION_BYTES = 64_000_000;

/** @throws RoundsError file_invalid where `bytes` are no such file; `name` is for the message */
export async function parseCalibration(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Calibration> {
  const tensors = await readHeader(name, new Blob([bytes])).catch((cause: unknown) => {
    throw new RoundsError('file_invalid', `${name} is no calibration: it is not in safetensors form.`, {
      cause,
    });
  });
  const importance = new Map(tensors.map((tensor) => [tensor.name, readVector(tensor, bytes)]));
  return { sha256: await sha256Hex(bytes), importance };
}

function readVector({ name, file, dtype, shape, start, end }: StoredTensor, bytes: Uint8Array): Float32Array {
  if (dtype !== 'F32' || shape.length !== 1) refuse(`${file}: ${name} must be a float32 vector.`);
  // A copy: the data need not be aligned in the file.
  const values = new Float32Array(bytes.slice(start, end).buffer);
  if (!values.every((value) => Number.isFinite(value) && value >= 0)) {
    refuse(`${file}: ${name} holds a value that is negative or not finite.`);
  }
  return values;
}

/** @throws RoundsError file_invalid where it was made for another model, or the recipe has no use for it */
export function checkCalibration(
  { importance }: Calibration,
  weights: readonly PackWeight[],
  { weights: type, recipe }: ConversionChoice,
): void {
  if (type !== 'q4' || recipe !== 'best') {
    refuse('A calibration is of use only where scales are searched: weights q4, recipe best.');
  }
  const columns = new Map(
    weights.flatMap((weight) => weight.parts.map(({ name }) => [name, weight.columns])),
  );
  for (const [name, values] of importance) {
    const expected = columns.get(name);
    if (expected === undefined) refuse(`The calibration knows ${name}, which this model does not have.`);
    if (values.length !== expected) {
      refuse(`The calibration has ${values.length} values for ${name}, which has ${expected} inputs.`);
    }
  }
}

function refuse(message: string): never {
  throw new RoundsError('file_invalid', message);
}
