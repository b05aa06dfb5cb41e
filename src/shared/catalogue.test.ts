import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../convert/config';
import { tensorDtypes } from '../convert/policy';
import { packWeights } from '../convert/weightMap';
import { parseCatalogue, type CatalogueModel } from './catalogue';
import { tensorBytes } from './packManifest';

const text = readFileSync('public/models/catalogue.json', 'utf8');
const real = () => JSON.parse(text) as { models: Record<string, unknown>[] } & Record<string, unknown>;
const catalogue = parseCatalogue(real());

const BASE = {
  hidden_act: 'silu',
  eos_token_id: 151645,
  vocab_size: 151936,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
  rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
};
/** The fields of the two base models' config.json that sizes depend on. */
const CONFIGS: Record<string, unknown> = {
  'qwen2.5-vl-3b': {
    ...BASE,
    model_type: 'qwen2_5_vl',
    hidden_size: 2048,
    num_hidden_layers: 36,
    num_attention_heads: 16,
    intermediate_size: 11008,
    vision_config: { depth: 32, hidden_size: 1280, intermediate_size: 3420, out_hidden_size: 2048 },
  },
  'qwen2-vl-2b': {
    ...BASE,
    model_type: 'qwen2_vl',
    hidden_size: 1536,
    num_hidden_layers: 28,
    num_attention_heads: 12,
    intermediate_size: 8960,
    vision_config: { depth: 32, embed_dim: 1280, mlp_ratio: 4, hidden_size: 1536 },
  },
};

function plannedSizes(config: unknown, model: CatalogueModel) {
  const weights = packWeights(parseConfig(config, null));
  const elements = weights
    .flatMap(({ parts }) => parts)
    .reduce((sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
  const dtypes = tensorDtypes(weights, model.weights, model.recipe);
  const sizes = weights.map(({ shape }, i) => tensorBytes(dtypes[i]!, shape));
  return {
    parameters: elements,
    downloadBytes: elements * 2,
    bytes: sizes.reduce((sum, { data, scales }) => sum + data + scales, 0),
    largestTensorBytes: Math.max(...sizes.map(({ data }) => data)),
    tensors: weights.length,
  };
}

describe('the catalogue of the page', () => {
  it('lists the available models, and the one that is not published', () => {
    const byId = new Map(catalogue.models.map((model) => [model.id, model]));
    expect([...byId.keys()]).toEqual([
      'rounds-mini',
      'medvlthinker-3b',
      'medvlsynther-3b',
      'medvlm-r1',
      'qwen2.5-vl-3b',
      'qwen2-vl-2b',
      'gmai-vl-r1',
    ]);
    expect(byId.get('medvlthinker-3b')?.checkpoints).toHaveLength(6);
    expect(byId.get('gmai-vl-r1')).toMatchObject({ kind: 'none', sizes: null });
    expect(byId.get('gmai-vl-r1')?.instead).not.toBe('');
    expect(byId.get('qwen2.5-vl-3b')?.licence.limits).toMatch(/non-commercial/);
  });

  it.each(Object.keys(CONFIGS))('gives the sizes that the converter plans: %s', (id) => {
    const base = catalogue.models.find((model) => model.id === id)!;
    const planned = plannedSizes(CONFIGS[id], base);
    for (const model of catalogue.models.filter(({ parameters }) => parameters === base.parameters)) {
      expect(model.parameters).toBe(planned.parameters);
      expect(model.sizes).toMatchObject({
        downloadBytes: planned.downloadBytes,
        largestTensorBytes: planned.largestTensorBytes,
      });
      // Up to 63 bytes of padding per span, and at most two spans per tensor.
      expect(model.sizes!.packBytes).toBeGreaterThanOrEqual(planned.bytes);
      expect(model.sizes!.packBytes).toBeLessThan(planned.bytes + planned.tensors * 2 * 64);
    }
  });

  it('gives the true sizes of the embedded pack', () => {
    const pack = JSON.parse(readFileSync('public/models/rounds-mini/pack.json', 'utf8')) as {
      parameters: number;
      totalBytes: number;
    };
    const embedded = catalogue.models.find(({ kind }) => kind === 'embedded')!;
    expect(embedded.parameters).toBe(pack.parameters);
    expect(embedded.sizes?.packBytes).toBe(pack.totalBytes);
  });

  it('gives averages that match their sets', () => {
    for (const checkpoint of catalogue.models.flatMap(({ checkpoints }) => checkpoints)) {
      for (const { values } of checkpoint.scores.filter(({ values }) => values.at(-1)?.set === 'Average')) {
        const sets = values.slice(0, -1);
        const mean = sets.reduce((sum, { value }) => sum + value, 0) / sets.length;
        expect(Math.abs(mean - values.at(-1)!.value), checkpoint.repo).toBeLessThan(0.06);
      }
    }
  });
});

describe('parseCatalogue', () => {
  const changed = (change: (model: Record<string, unknown>) => void) => () => {
    const json = real();
    change(json.models[1]!);
    return parseCatalogue(json);
  };

  it('ignores unknown fields', () => {
    expect(parseCatalogue({ ...real(), later: 1 }).models).toEqual(catalogue.models);
  });

  it.each<[string, (model: Record<string, unknown>) => void, RegExp]>([
    ['an unknown preset', (m) => (m['preset'] = 'x'), /preset must be/],
    ['a size that is not a number', (m) => (m['sizes'] = { downloadBytes: '7 GB' }), /downloadBytes/],
    ['a download without sizes', (m) => delete m['sizes'], /needs sizes/],
    ['a download without checkpoints', (m) => (m['checkpoints'] = []), /checkpoints/],
    ['an invalid id', (m) => (m['id'] = '../x'), /id /],
    ['the same id twice', (m) => (m['id'] = 'rounds-mini'), /same id/],
  ])('refuses %s', (_, change, message) => {
    expect(changed(change)).toThrow(message);
  });

  it('refuses invalid repositories, revisions and harnesses', () => {
    const first = (m: Record<string, unknown>) => (m['checkpoints'] as Record<string, unknown>[])[0]!;
    expect(changed((m) => (first(m)['repo'] = 'https://evil'))).toThrow(/must have the form org\/name/);
    expect(changed((m) => (first(m)['revision'] = '../../x?'))).toThrow(/must be a commit or branch/);
    expect(changed((m) => (first(m)['scores'] = [{ harness: 'mine', values: [] }]))).toThrow(
      /missing from harnesses/,
    );
  });

  it('refuses another format and version', () => {
    expect(() => parseCatalogue({ ...real(), format: 'x' })).toThrow(/format/);
    expect(() => parseCatalogue({ ...real(), version: 2 })).toThrow(/version 2/);
  });

  it('accepts a calibration with its hash', () => {
    const withCalibration = (calibration: unknown) => {
      const json = real();
      const model = json.models.find(({ kind }) => kind === 'hub') as { checkpoints: object[] };
      Object.assign(model.checkpoints[0]!, { calibration });
      return parseCatalogue(json).models.find(({ kind }) => kind === 'hub')?.checkpoints[0]?.calibration;
    };
    const calibration = { url: 'scales/x.safetensors', sha256: 'ab'.repeat(32) };
    expect(withCalibration(calibration)).toEqual(calibration);
    expect(() => withCalibration({ ...calibration, sha256: 'ab' })).toThrow(/sha256 must be 64/);
    expect(() => withCalibration({ sha256: calibration.sha256 })).toThrow(/url/);
  });
});
