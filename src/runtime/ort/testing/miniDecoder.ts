/** Test helper: the language model of the embedded pack, without its tokenizer and vision tower. */
import { decoderTable, makeDecoderGraph } from '../../../engine/graphs/decoder';
import type { GraphTarget } from '../../../engine/graphs/layers';
import { planWeightForms } from '../../../engine/graphs/weightForms';
import type { Backend, PackReader } from '../../../engine/ports';
import type { Prompt } from '../../../engine/promptRows';
import { argmax } from '../../../engine/sampling';
import { Timeline } from '../../../engine/timeline';
import type { PackManifest } from '../../../shared/pack';

export async function miniPack(): Promise<PackReader> {
  const base = '/models/rounds-mini';
  const manifest = (await (await fetch(`${base}/pack.json`)).json()) as PackManifest;
  const shard = await (await fetch(`${base}/${manifest.shards[0]?.file ?? ''}`)).arrayBuffer();
  return {
    manifest,
    read: ({ offset, length }) => Promise.resolve(new Uint8Array(shard.slice(offset, offset + length))),
  };
}

/** The pack with up as gate in the first layer, so that both have 4 bits there as in all others. */
export function withEqualGates(pack: PackReader): PackReader {
  const name = 'model.layers.0.mlp.gate_proj.weight';
  const { tensors } = pack.manifest;
  const up = tensors.find((tensor) => tensor.name === 'model.layers.0.mlp.up_proj.weight');
  const changed = tensors.map((tensor) => (up && tensor.name === name ? { ...up, name } : tensor));
  return { ...pack, manifest: { ...pack.manifest, tensors: changed } };
}

/** Most tokens of a run: prompts take several. */
const CHUNK = 32;
const PROMPT = 37;

export async function miniTimeline(pack: PackReader, backend: Backend): Promise<Timeline> {
  const { manifest } = pack;
  const target: GraphTarget = {
    backend: backend.name,
    type: 'float32',
    ...(backend.name === 'wasm' ? { forms: planWeightForms(manifest) } : {}),
  };
  const session = await backend.createSession({ ...makeDecoderGraph(manifest, target), isLight: true }, pack);
  const source = decoderTable(manifest, target);
  const table = (source && (await backend.loadTable?.(source, pack))) ?? null;
  return new Timeline(session, backend, manifest.model.text, CHUNK, table);
}

export interface Decoded {
  /** Greedy ids. */
  ids: number[];
  /** [vocab] each, after the prompt and after each id. */
  logits: Float32Array[];
  /** [tokens × vocab] of the first prompt. */
  scored: Float32Array;
}

/** Prefill and decode on two prompts, the second of which needs a larger cache, and score on the first. */
export async function decodeSome({ manifest }: PackReader, timeline: Timeline): Promise<Decoded> {
  const ids: number[] = [];
  const logits: Float32Array[] = [];
  for (const tokens of [PROMPT, 4 * PROMPT]) {
    let latest = await timeline.prefill(miniPrompt(manifest.model.text.hiddenSize, tokens));
    for (let step = 0; step < 5; step++) {
      logits.push(latest);
      const id = argmax(latest);
      ids.push(id);
      latest = await timeline.decode(id);
    }
    logits.push(latest);
  }
  return { ids, logits, scored: await timeline.score(miniPrompt(manifest.model.text.hiddenSize, PROMPT)) };
}

/** A prompt with the features of an image in the middle; any ids and numbers will do. */
function miniPrompt(hiddenSize: number, tokens: number): Prompt {
  const ids = Array.from({ length: tokens }, (_, i) => (i * 37) % 1500);
  const positions = Int32Array.from(ids, (_, i) => i);
  const featureRows = Int32Array.from(ids, (_, i) => (i >= 5 && i < 11 ? i - 5 : -1));
  const features = Float32Array.from({ length: 6 * hiddenSize }, (_, i) => Math.sin(i * i) * 0.05);
  const positionIds: Prompt['positionIds'] = [positions, positions, positions];
  return { ids, keys: ids.map(String), positionIds, ropeDelta: 0, featureRows, features };
}
