/** The parts of `verify` without a browser, on a session that answers with the references themselves. */
import { readFileSync } from 'node:fs';
import { decode } from 'fast-png';
import { expect, it } from 'vitest';
import type { HarnessCase, HarnessLine, HarnessPixels } from '../../shared/harness';
import { VECTORS } from '../testing/checkpoints';
import type { StageResult } from './compare';
import { GoldenFolder } from './goldenFolder';
import { chosenCases, verifyCase, verifyDecoding } from './verifyFolder';

const folder = new GoldenFolder(VECTORS);
const CASE = 'single_image';
const golden = folder.case('qwen2_5_vl', CASE);

const base64 = (values: Float32Array): string => Buffer.from(values.buffer).toString('base64');

/** The result line of a perfect engine. */
function perfectLine(): HarnessLine {
  const { pixel_values: pixels, image_embeds: features } = golden;
  const whole = (file: string | undefined): string => base64(folder.npy(file ?? ''));
  const result = {
    prompt: golden.prompt,
    promptIds: golden.input_ids,
    imageGridThw: golden.image_grid_thw,
    positionIds: golden.position_ids,
    ropeDelta: golden.rope_delta,
    newIds: golden.greedy.token_ids,
    logits: [[...folder.npy(golden.logits.file)]],
    images: golden.images.map((path) => ({
      resizedSha256: folder.manifest.images[path.split('/').pop() ?? '']?.resized_sha256,
    })),
    trace: { pixelValues: whole(pixels?.file), imageFeatures: whole(features?.file) },
  };
  return { ok: true, json: JSON.stringify(result) };
}

async function resultsOf(line: HarnessLine): Promise<{ jobs: HarnessCase[]; results: StageResult[] }> {
  const jobs: HarnessCase[] = [];
  const results: StageResult[] = [];
  const session = { run: async (job: HarnessCase) => (jobs.push(job), line) };
  await verifyCase(session, folder, 'qwen2_5_vl', CASE, {
    activations: 'f32',
    onResult: (name, result) => {
      expect(name).toBe(`qwen2_5_vl/${CASE}`);
      results.push(result);
    },
  });
  return { jobs, results };
}

it('runs a case on the decoded images with the reference ids fed back, and compares every stage', async () => {
  const { jobs, results } = await resultsOf(perfectLine());
  expect(results.map(({ stage }) => stage)).toEqual([
    'prompt',
    'resize',
    'pixels',
    'vision',
    'logits',
    'greedy',
  ]);
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(jobs).toHaveLength(1);
  expect(jobs[0]).toMatchObject({
    forceIds: golden.greedy.token_ids,
    settings: { maxNewTokens: golden.greedy.token_ids.length, temperature: 0 },
    logits: 'last',
    trace: true,
  });
  expect(JSON.stringify(jobs[0]?.prompt.messages)).toContain('"url":"/rgb/');
});

it('reports a case that did not run as one failed stage', async () => {
  const { results } = await resultsOf({ ok: false, json: '{"error":{}}' });
  expect(results).toEqual([{ stage: 'run', ok: false, detail: '{"error":{}}' }]);
});

it('allows differences of two levels in lossy images and none in others', async () => {
  const manifest = { ...folder.manifest, images: { 'bars.png': {}, 'bars.jpg': {} } };
  const images = Object.create(folder, { manifest: { value: manifest } }) as GoldenFolder;
  const failing = async (levels: number): Promise<string[]> => {
    const decodeWith = async ({ name }: { name: string }): Promise<HarnessPixels> => {
      const { width, height, data } = decode(readFileSync(folder.rgbPath(name)));
      const rgb = Uint8Array.from(data);
      rgb[0] = (rgb[0] ?? 0) > 100 ? (rgb[0] ?? 0) - levels : (rgb[0] ?? 0) + levels;
      return { width, height, rgb: Buffer.from(rgb).toString('base64') };
    };
    const failed: string[] = [];
    await verifyDecoding({ decode: decodeWith }, images, {
      onResult: (name, { ok }) => void (ok || failed.push(name)),
    });
    return failed;
  };
  expect(await failing(0)).toEqual([]);
  expect(await failing(2)).toEqual(['images/bars.png']);
  expect(await failing(3)).toEqual(['images/bars.png', 'images/bars.jpg']);
});

it('chooses cases by part of CHECKPOINT/CASE', () => {
  const all = chosenCases(folder, '');
  expect([...all.keys()]).toEqual(Object.keys(folder.manifest.checkpoints));
  expect(all.get('qwen2_vl')).toEqual(folder.manifest.cases);
  expect(chosenCases(folder, '/single_image')).toEqual(
    new Map(Object.keys(folder.manifest.checkpoints).map((name) => [name, ['single_image']])),
  );
  expect([...chosenCases(folder, 'qwen2_vl/').keys()]).toEqual(['qwen2_vl']);
  expect(chosenCases(folder, 'nothing').size).toBe(0);
});
