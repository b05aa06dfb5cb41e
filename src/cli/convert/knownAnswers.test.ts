import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { truncatedBytes } from '../../engine/truncatedModel';
import { parseManifest } from '../../shared/packManifest';
import { command as convert } from '../commands/convert';
import { CHECKPOINTS } from '../testing/checkpoints';
import { runHere } from '../testing/runHere';
import { addKnownAnswers } from './knownAnswers';
import { packInMemory } from './packInMemory';

let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'rounds-answers-'))));
afterAll(() => rm(dir, { recursive: true }));

it.each(['qwen2_5_vl', 'qwen2_vl'])('answers for the first layers of a large %s', async (checkpoint) => {
  const out = join(dir, checkpoint);
  const { status } = await runHere(convert, [join(CHECKPOINTS, checkpoint), '--out', out]);
  expect(status).toBe(0);
  const manifest = parseManifest(JSON.parse(await readFile(join(out, 'pack.json'), 'utf8')));
  expect(manifest.selfTest?.layers).toBeUndefined();
  const large = await addKnownAnswers(manifest, out, 0);
  expect(large.selfTest?.layers).toEqual({ text: 2, vision: 2 });
  const [whole, first] = [manifest.selfTest?.cases[0], large.selfTest?.cases[0]];
  expect(first?.promptTokens).toBe(whole?.promptTokens);
  // The reference checkpoint of Qwen2-VL has only two layers of each kind, so the answers are those of the whole model.
  const { text, vision } = manifest.model;
  if (text.numHiddenLayers > 2 || vision.depth > 2) expect(first?.top).not.toEqual(whole?.top);
  else expect(first).toEqual(whole);
  expect(first?.std).toBeGreaterThan(0);
  parseManifest(large);
});

it('counts only what the first layers read', async () => {
  const { manifest } = await packInMemory(join(CHECKPOINTS, 'qwen2_5_vl'), 'f32', 'plain');
  const all = manifest.tensors.reduce((sum, { data }) => sum + data.length, 0);
  expect(truncatedBytes(manifest, { text: 99, vision: 99 })).toBe(all);
  const layer = manifest.tensors
    .filter(({ name }) => name.startsWith('model.layers.1.'))
    .reduce((sum, { data }) => sum + data.length, 0);
  expect(layer).toBeGreaterThan(0);
  const bytes = (text: number): number => truncatedBytes(manifest, { text, vision: 1 });
  expect(bytes(2) - bytes(1)).toBe(layer);
});
