import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../shared/errors';
import { parseCalibration } from './calibration';
import type { Calibration, ConversionChoice } from './choice';
import { runConversion } from './convert';
import { planConversion } from './plan';
import {
  encodeFloats,
  memorySource,
  MemorySink,
  seeded,
  tinyFiles,
  type Stored,
  writeSafetensors,
} from './testing/testCheckpoint';

// DOWN has 44 inputs, which the pack pads to 64.
const DOWN = 'visual.blocks.1.mlp.down_proj.weight';
const GATE = 'visual.blocks.0.mlp.gate_proj.weight';
// Has 8 bits in such a small model, so its scales are not searched.
const HEAD = 'model.layers.0.mlp.up_proj.weight';
const BEST: ConversionChoice = { weights: 'q4', recipe: 'best' };

function file(vectors: Record<string, Float32Array>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(vectors).map(
    ([name, values]) =>
      [name, { dtype: 'F32', shape: [values.length], bytes: encodeFloats(values, 'F32') }] as [
        string,
        Stored,
      ],
  );
  return writeSafetensors(new Map(entries));
}

function unevenImportance(length: number): Float32Array {
  const next = seeded(length);
  return Float32Array.from({ length }, () => next() ** 8);
}

const calibration = (): Promise<Calibration> =>
  parseCalibration(
    file({ [DOWN]: unevenImportance(44), [GATE]: unevenImportance(32), [HEAD]: unevenImportance(64) }),
    'x.safetensors',
  );

async function convert(files: ReturnType<typeof tinyFiles>, choice: ConversionChoice) {
  const sink = new MemorySink();
  const manifest = await runConversion(await planConversion(memorySource(files), choice), sink);
  return { manifest, stream: sink.stream() };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (thrown: RoundsError) => `${thrown.code}: ${thrown.message}`,
  );

describe('calibration', () => {
  it.each(['original', 'new'] as const)(
    'changes only the weights that it contains (%s names)',
    async (naming) => {
      const files = tinyFiles({ naming });
      const plain = await convert(files, BEST);
      const measured = await convert(files, { ...BEST, calibration: await calibration() });
      const changed = measured.manifest.tensors
        .filter(({ data }) => {
          const bytes = (stream: Uint8Array): string =>
            stream.subarray(data.offset, data.offset + data.length).join();
          return bytes(plain.stream) !== bytes(measured.stream);
        })
        .map(({ name }) => name);
      expect(changed).toEqual([GATE, DOWN]);
      expect(measured.manifest.totalBytes).toBe(plain.manifest.totalBytes);
      expect(plain.manifest.recipe.calibration).toBeUndefined();
      expect(measured.manifest.recipe.calibration).toBe((await calibration()).sha256);
      expect(measured.manifest.recipe.detail).toContain('calibration data');
    },
  );

  it('refuses other files', async () => {
    const parse = (bytes: Uint8Array<ArrayBuffer>): Promise<string> => codeOf(parseCalibration(bytes, 'x'));
    expect(await parse(new TextEncoder().encode('hello hello hello'))).toMatch(
      /^file_invalid: x is not a calibration file/,
    );
    expect(await parse(file({ [DOWN]: Float32Array.of(1, -1) }))).toMatch(/negative or not finite/);
    expect(await parse(file({ [DOWN]: Float32Array.of(1, NaN) }))).toMatch(/negative or not finite/);
    const half = { dtype: 'F16', shape: [2], bytes: new Uint8Array(4) };
    expect(await parse(writeSafetensors(new Map([[DOWN, half]])))).toMatch(/must be a float32 vector/);
  });

  it('refuses the calibration of another model, and recipes that do not search', async () => {
    const plan = (choice: ConversionChoice): Promise<string> =>
      codeOf(planConversion(memorySource(tinyFiles()), choice));
    const other = await parseCalibration(file({ [DOWN]: unevenImportance(45) }), 'x');
    expect(await plan({ ...BEST, calibration: other })).toMatch(/^file_invalid: .*45 values .* 44 inputs/);
    const unknown = await parseCalibration(file({ 'model.layers.7.x': unevenImportance(64) }), 'x');
    expect(await plan({ ...BEST, calibration: unknown })).toMatch(/does not have/);
    const known = await calibration();
    expect(await plan({ weights: 'q4', recipe: 'plain', calibration: known })).toMatch(/q4, recipe best/);
    expect(await plan({ weights: 'q8', recipe: 'best', calibration: known })).toMatch(/q4, recipe best/);
  });
});
