/**
 * Calibration: the importance of each input of a linear layer, measured beforehand by running the model on typical
 * questions. The file is in safetensors format and holds one float32 vector [in features] per weight, under the name
 * that the weight has in published checkpoints (`model.layers.0.mlp.down_proj.weight`). Each value is the mean square
 * of that input. The scale search weights each error by it, which minimises Σ (W x − Ŵ x)² as far as the inputs are
 * independent of each other. A model with 3 billion weights needs about 2 MB.
 */
import { RoundsError } from '../shared/errors';
import { sha256Hex } from '../shared/sha256';
import type { Calibration, ConversionChoice } from './choice';
import { readHeader, type ListedTensor } from './safetensors';
import type { PackWeight } from './weightMap';

export const MAX_CALIBRATION_BYTES = 64_000_000;

/**
 * Parses a calibration file.
 * @param name the file's name, used in error messages
 * @throws RoundsError file_invalid if `bytes` is not a calibration file
 */
export async function parseCalibration(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Calibration> {
  const tensors = await readHeader(name, new Blob([bytes])).catch((cause: unknown) => {
    throw new RoundsError(
      'file_invalid',
      `${name} is not a calibration file: it must be in safetensors format.`,
      {
        cause,
      },
    );
  });
  const importance = new Map(tensors.map((tensor) => [tensor.name, readVector(tensor, bytes)]));
  return { sha256: await sha256Hex(bytes), importance };
}

function readVector({ name, file, dtype, shape, start, end }: ListedTensor, bytes: Uint8Array): Float32Array {
  if (dtype !== 'F32' || shape.length !== 1) refuse(`${file}: ${name} must be a float32 vector.`);
  // A copy: the data need not be aligned in the file.
  const values = new Float32Array(bytes.slice(start, end).buffer);
  if (!values.every((value) => Number.isFinite(value) && value >= 0)) {
    refuse(`${file}: ${name} contains a value that is negative or not finite.`);
  }
  return values;
}

/**
 * Checks that a calibration fits the model and the chosen options.
 * @throws RoundsError file_invalid if it was made for another model, or if the options do not use one
 */
export function checkCalibration(
  { importance }: Calibration,
  weights: readonly PackWeight[],
  { weights: type, recipe }: ConversionChoice,
): void {
  if (type !== 'q4' || recipe !== 'best') {
    refuse('A calibration only works where scales are searched: choose weights q4, recipe best.');
  }
  const columns = new Map(
    weights.flatMap((weight) => weight.parts.map(({ name }) => [name, weight.columns])),
  );
  for (const [name, values] of importance) {
    const expected = columns.get(name);
    if (expected === undefined) {
      refuse(
        `The calibration contains ${name}, which this model does not have. Use the model's own calibration.`,
      );
    }
    if (values.length !== expected) {
      refuse(
        `The calibration has ${values.length} values for ${name}, which has ${expected} inputs. Use the model's own calibration.`,
      );
    }
  }
}

function refuse(message: string): never {
  throw new RoundsError('file_invalid', message);
}
