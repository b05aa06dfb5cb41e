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
/** config.json of the two published bases, as far as sizes depend on it. */
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
  it('names the models that can be had, and the one that can’t', () => {
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
      // Between spans are up to 63 bytes: two spans for each tensor at most.
      expect(model.sizes!.packBytes).toBeGreaterThanOrEqual(planned.bytes);
      expect(model.sizes!.packBytes).toBeLessThan(planned.bytes + planned.tensors * 2 * 64);
    }
  });

  it('describes the embedded pack as it is', () => {
    const pack = JSON.parse(readFileSync('public/models/rounds-mini/pack.json', 'utf8')) as {
      parameters: number;
      totalBytes: number;
    };
    const embedded = catalogue.models.find(({ kind }) => kind === 'embedded')!;
    expect(embedded.parameters).toBe(pack.parameters);
    expect(embedded.sizes?.packBytes).toBe(pack.totalBytes);
  });

  it('gives averages that are averages of what they stand under', () => {
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

  it('passes over fields that it does not know', () => {
    expect(parseCatalogue({ ...real(), later: 1 }).models).toEqual(catalogue.models);
  });

  it.each<[string, (model: Record<string, unknown>) => void, RegExp]>([
    ['a preset that there is none of', (m) => (m['preset'] = 'x'), /preset must be/],
    ['a size that is no number', (m) => (m['sizes'] = { downloadBytes: '7 GB' }), /downloadBytes/],
    ['a download without sizes', (m) => delete m['sizes'], /needs sizes/],
    ['a download without checkpoints', (m) => (m['checkpoints'] = []), /checkpoints/],
    ['an id that is no name', (m) => (m['id'] = '../x'), /id /],
    ['the same id twice', (m) => (m['id'] = 'rounds-mini'), /same id/],
  ])('refuses %s', (_, change, message) => {
    expect(changed(change)).toThrow(message);
  });

  it('refuses a repository, a revision and a harness that can’t be', () => {
    const first = (m: Record<string, unknown>) => (m['checkpoints'] as Record<string, unknown>[])[0]!;
    expect(changed((m) => (first(m)['repo'] = 'https://evil'))).toThrow(/no org\/name/);
    expect(changed((m) => (first(m)['revision'] = '../../x?'))).toThrow(/no commit or branch/);
    expect(changed((m) => (first(m)['scores'] = [{ harness: 'mine', values: [] }]))).toThrow(/not described/);
  });

  it('refuses another format and version', () => {
    expect(() => parseCatalogue({ ...real(), format: 'x' })).toThrow(/format/);
    expect(() => parseCatalogue({ ...real(), version: 2 })).toThrow(/version 2/);
  });

  it('may name a calibration by its hash', () => {
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
