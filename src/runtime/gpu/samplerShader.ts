/**
 * Chooses a token from logits on the GPU exactly as engine/sampling.ts does, and prepares the next step: the token's
 * embedding, and the lengths that GroupQueryAttention reads. One workgroup; every number but logits, scores and one
 * product is a whole number, so the result depends neither on the order of sums nor on the GPU.
 */
import type { TableSource } from '../../engine/ports';
import { PICKING, SCORES, SELECTION, WIDE } from './samplerParts';
import { rowStores, rowWords, tableBindings } from './tableShader';

export const SAMPLER_THREADS = 256;
/** Words of `state` before the chosen ids: the number of ids. */
export const STATE_HEADER = 1;
/** What is written for logits without a finite value. */
export const NO_TOKEN = 0xffffffff;
/** Tokens whose nucleus is drawn from in the order of their weights (FIRST_GUESS in engine/sampling.ts). */
const ORDERED = 64;

/** `scratch`: a word for each token, then a bit for each token that a repetition penalty applies to. */
export function samplerShader(source: TableSource, vocabSize: number): string {
  return `
struct Params {
  topK: u32, nucleus: u32, isGreedy: u32, hasPenalty: u32,
  factor: f32, penalty: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<${source.type === 'float16' ? 'u32' : 'f32'}>;
@group(0) @binding(2) var<storage, read_write> scratch: array<u32>;
@group(0) @binding(3) var<storage, read_write> state: array<u32>;
// The table of powers, then a fraction for each step.
@group(0) @binding(4) var<storage, read> constants: array<u32>;
@group(0) @binding(5) var<storage, read_write> seqlens: array<u32>;
@group(0) @binding(6) var<storage, read_write> total: array<u32>;
${tableBindings(source, 7)}

const V = ${vocabSize}u;
const THREADS = ${SAMPLER_THREADS}u;
const POWERS = 4096u;
const CHUNK = (V + THREADS - 1u) / THREADS;

${SHARED}

${WIDE}
${SCORES.replace('LOGIT', source.type === 'float16' ? 'unpack2x16float(logits[i / 2u])[i % 2u]' : 'logits[i]')}
${SELECTION}
${PICKING}

${DRAW}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) lid: u32) {
  score(lid);
  let top = workgroupUniformLoad(&best_key[0]);
  if (lid == 0u) {
    chosen = select(best_id[0], ${NO_TOKEN}u, top == 0u);
    step_index = state[0];
  }
  workgroupBarrier();
  if (params.isGreedy == 0u && top != 0u) { draw(lid); }
  let id = workgroupUniformLoad(&chosen);
  if (id < V) { embed(lid, id); }
  workgroupBarrier();
  if (lid == 0u) {
    state[${STATE_HEADER}u + state[0]] = id;
    state[0] += 1u;
    seqlens[0] += 1u;
    total[0] += 1u;
    if (id < V) { scratch[V + id / 32u] |= 1u << (id % 32u); }
  }
}

fn embed(lid: u32, row: u32) {
  for (var x = lid; x < ${rowWords(source)}u; x += THREADS) {
    ${rowStores(source, 'row', 'x', '0u')}
  }
}`;
}

/** After `score`: a draw from the tokens that top-k and top-p leave. */
const DRAW = `
fn draw(lid: u32) {
  let fraction = constants[POWERS + workgroupUniformLoad(&step_index)];
  var floor_key = 1u;
  if (params.topK > 0u && params.topK < V) {
    choose_value(lid, vec2u(params.topK, 0u), false);
    floor_key = workgroupUniformLoad(&selected);
  }
  let max_score = score_of(workgroupUniformLoad(&best_key[0]));
  weigh(lid, floor_key, max_score);
  let mass = workgroupUniformLoad(&wide);
  if (params.nucleus == 0u) {
    pick_heavier(lid, 0u, scaled(mass, fraction));
    return;
  }
  choose_value(lid, target_of(mass), true);
  let lightest = workgroupUniformLoad(&selected);
  let heavier = workgroupUniformLoad(&above);
  count_values(lid, lightest);
  let larger = workgroupUniformLoad(&wide).x;
  let equal = workgroupUniformLoad(&ties);
  let missing = minus(target_of(mass), heavier);
  let needed = max(times_reaching(missing, lightest), select(0u, 1u, larger == 0u));
  let kept = plus(heavier, product(needed, lightest));
  let at = scaled(kept, fraction);
  if (larger < ${ORDERED}u) {
    choose_value(lid, plus(at, vec2u(1u, 0u)), true);
    let value = workgroupUniformLoad(&selected);
    let before = workgroupUniformLoad(&above);
    count_values(lid, value);
    let index = times_within(minus(at, before), value);
    pick_equal(lid, value, workgroupUniformLoad(&ties) - 1u - index);
    return;
  }
  if (less(at, heavier)) {
    pick_heavier(lid, lightest, at);
    return;
  }
  pick_equal(lid, lightest, equal - needed + times_within(minus(at, heavier), lightest));
}

fn target_of(mass: vec2u) -> vec2u {
  let reached = scaled(mass, params.nucleus);
  return select(reached, vec2u(1u, 0u), all(reached == vec2u()));
}`;

const SHARED = `
var<workgroup> low: array<atomic<u32>, 256>;
var<workgroup> high: array<atomic<u32>, 256>;
var<workgroup> best_key: array<u32, THREADS>;
var<workgroup> best_id: array<u32, THREADS>;
// Of the last selection: the value, the sum of what is larger, and how often the value occurs.
var<workgroup> selected: u32;
var<workgroup> above: vec2u;
var<workgroup> ties: u32;
var<workgroup> chosen: u32;
var<workgroup> wide: vec2u;
var<workgroup> step_index: u32;`;
