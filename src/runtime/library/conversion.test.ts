import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFaultServer, type FaultServer } from '../../../e2e/faults/faultServer';
import { encodeFloats, writeSafetensors } from '../../convert/testing/testCheckpoint';
import { openLoopbackHub, type LoopbackHub } from '../../cli/rehearsal/loopbackHub';
import { jobIdOf, type ModelOrigin } from '../../shared/library';
import { sha256Hex } from '../../shared/sha256';
import { openModelSource } from './openModelSource';
import type { ModelSource } from './modelSource';

const CHECKPOINT = fileURLToPath(
  new URL('../../../models/goldens/vectors/checkpoints/qwen2_vl', import.meta.url),
);

describe('the calibration that a catalogue names', () => {
  const vector = encodeFloats(new Float32Array(32).fill(1), 'F32');
  const entry = { dtype: 'F32', shape: [32], bytes: vector };
  const file = writeSafetensors(new Map([['visual.blocks.0.attn.qkv.weight', entry]]));
  let hub: LoopbackHub;
  let host: FaultServer;

  beforeAll(async () => {
    hub = await openLoopbackHub(
      'someone/tiny',
      CHECKPOINT,
      readdirSync(CHECKPOINT).filter((name) => !name.startsWith('.')),
    );
    host = await startFaultServer();
    host.files.set('tiny.safetensors', file);
  });

  afterAll(async () => {
    await hub.close();
    await host.close();
  });

  function originWith(sha256: string | null): ModelOrigin {
    const calibration = sha256 ? { calibration: { url: `${host.url}tiny.safetensors`, sha256 } } : {};
    const revision = { repo: 'someone/tiny', revision: 'main', endpoint: hub.endpoint };
    return { kind: 'hub', ...revision, weights: 'q4', recipe: 'best', ...calibration };
  }

  const open = (origin: ModelOrigin): Promise<ModelSource> =>
    openModelSource(origin, {}, { signal: new AbortController().signal, onDetail: () => undefined });

  it('is fetched, checked, and makes another pack', async () => {
    const sha256 = await sha256Hex(file);
    const plain = await open(originWith(null));
    const calibrated = await open(originWith(sha256));
    expect(calibrated.pack).toMatchObject({ recipe: { calibration: sha256 } });
    expect(plain.pack).not.toHaveProperty('recipe.calibration');
    expect(calibrated.id).not.toBe(plain.id);
    expect(calibrated.origin).toMatchObject({ calibration: { sha256 } });
    expect(jobIdOf(calibrated.origin)).not.toBe(jobIdOf(plain.origin));
  });

  it('is refused where it is another file', async () => {
    await expect(open(originWith('0'.repeat(64)))).rejects.toMatchObject({ code: 'integrity_mismatch' });
  });
});
