/** The models of `bench:peer`, made once and kept in a folder. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RoundsError } from '../../shared/errors';
import type { CommandContext } from '../command';
import { command as convert } from '../commands/convert';
import { PROJECT } from '../install.mjs';
import { makeCheckpoint } from '../rehearsal/checkpoint';

export const MODELS = ['mini', '135m', '150m'] as const;
export type PeerModel = (typeof MODELS)[number];

export interface PreparedModel {
  /** Folder of the pack. */
  pack: string;
  /** False: the vision tower is made up, so only text is asked. */
  hasVision: boolean;
  /** The checkpoint and the GGUF file that it was made from, if there is one. */
  published: { checkpoint: string; gguf: string } | null;
}

const SEEDED_BASE = join(PROJECT, 'models/goldens/vectors/checkpoints/qwen2_5_vl');
const SMOLLM = join(PROJECT, 'models/peers/smollm_checkpoint.py');

/** @throws RoundsError if it can't be made */
export async function prepareModel(
  model: PeerModel,
  cache: string,
  context: CommandContext,
): Promise<PreparedModel> {
  if (model === 'mini') {
    return { pack: join(PROJECT, 'public/models/rounds-mini'), hasVision: true, published: null };
  }
  const checkpoint = join(cache, model, 'checkpoint');
  const pack = join(cache, model, 'pack');
  if (!existsSync(join(checkpoint, 'config.json'))) {
    context.err(`Making the checkpoint of ${model}\n`);
    if (model === '150m') await makeCheckpoint(checkpoint, SEEDED_BASE, '150m', null);
    else makeSmolLm(checkpoint);
  }
  if (!existsSync(pack)) {
    context.err(`Converting ${model}\n`);
    await convert({ ...context, argv: [checkpoint, '--out', pack], out: () => undefined });
  }
  if (model === '150m') return { pack, hasVision: true, published: null };
  return { pack, hasVision: false, published: { checkpoint, gguf: join(checkpoint, 'model.gguf') } };
}

function makeSmolLm(checkpoint: string): void {
  const python = process.env.PYTHON ?? 'python3';
  const result = spawnSync(python, [SMOLLM, checkpoint], { stdio: ['ignore', 2, 2] });
  if (result.status === 0) return;
  throw new RoundsError(
    'checkpoint_invalid',
    'The 135m model needs Python with the packages in models/peers/requirements.txt. Install them with python3 -m pip install -r models/peers/requirements.txt, and set PYTHON if it is not python3.',
  );
}
