import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../install.mjs';
import { blocksOf, writeGguf } from './gguf';
import { openPackFolder } from './packFolder';

const data = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 5) & 255);
const scales = Uint8Array.of(0x34, 0x12);

it('writes 4 bits as Q4_0: element i in the low bits of byte i, element i + 16 in the high ones', () => {
  const block = blocksOf(data.slice(0, 16), scales, 'q4');
  expect(block).toHaveLength(18);
  expect([...block.subarray(0, 2)]).toEqual([0x34, 0x12]);
  const element = (i: number): number => (data[i >> 1]! >> ((i & 1) * 4)) & 15;
  for (let i = 0; i < 16; i++) {
    expect(block[2 + i]! & 15).toBe(element(i));
    expect(block[2 + i]! >> 4).toBe(element(i + 16));
  }
});

it('writes 8 bits as Q8_0: two’s complement', () => {
  const block = new Int8Array(blocksOf(data, scales, 'q8').buffer);
  expect(block).toHaveLength(34);
  expect([...block.subarray(2)]).toEqual([...data].map((byte) => byte - 128));
});

it('writes the embedded model, whose file is as long as its tensors say', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rounds-gguf-'));
  try {
    const pack = await openPackFolder(join(PROJECT, 'public/models/rounds-mini'));
    await writeGguf(pack, join(folder, 'model.gguf'));
    const file = await readFile(join(folder, 'model.gguf'));
    expect(file.subarray(0, 4).toString()).toBe('GGUF');
    expect(file.readUInt32LE(4)).toBe(3);
    // Two of the model, and twelve of each layer.
    expect(Number(file.readBigUInt64LE(8))).toBe(2 + 4 * 12);
    const bytes = pack.manifest.tensors
      .filter(({ name }) => !name.startsWith('visual.'))
      .reduce((sum, tensor) => sum + tensor.data.length + (tensor.scales?.length ?? 0), 0);
    expect(file.length).toBeGreaterThan(bytes);
    expect(file.length).toBeLessThan(bytes + 100_000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
