/** Functions of the sampler's shader (samplerShader.ts). Each stage starts and ends with all threads at a barrier. */
import { LN2_16, MAX_EXPONENT } from '../../engine/drawWeights';

/** Whole numbers of 64 bits as (low, high). */
export const WIDE = `
fn plus(a: vec2u, b: vec2u) -> vec2u {
  let sum = a.x + b.x;
  return vec2u(sum, a.y + b.y + select(0u, 1u, sum < a.x));
}
fn minus(a: vec2u, b: vec2u) -> vec2u { return vec2u(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x)); }
fn less(a: vec2u, b: vec2u) -> bool { return a.y < b.y || (a.y == b.y && a.x < b.x); }
fn product(a: u32, b: u32) -> vec2u {
  let a0 = a & 0xffffu; let a1 = a >> 16u;
  let b0 = b & 0xffffu; let b1 = b >> 16u;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let other = a0 * b1 + (middle & 0xffffu);
  return vec2u(a * b, a1 * b1 + (middle >> 16u) + (other >> 16u));
}
// mass * fraction / 2^32
fn scaled(mass: vec2u, fraction: u32) -> vec2u {
  return plus(product(mass.y, fraction), vec2u(product(mass.x, fraction).y, 0u));
}
// The least n with n * value >= amount; amounts are at most V values.
fn times_reaching(amount: vec2u, value: u32) -> u32 {
  var low_n = 0u;
  var high_n = V;
  while (low_n < high_n) {
    let middle = (low_n + high_n) / 2u;
    if (less(product(middle, value), amount)) { low_n = middle + 1u; } else { high_n = middle; }
  }
  return low_n;
}
// The largest n with n * value <= amount.
fn times_within(amount: vec2u, value: u32) -> u32 {
  return times_reaching(plus(amount, vec2u(1u, 0u)), value) - 1u;
}`;

/** Scores as keys: whole numbers in the same order, 0 for what cannot be chosen. */
export const SCORES = `
fn key_of(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u || bits == 0xff800000u) { return 0u; }
  if (bits == 0x80000000u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}
fn score_of(key: u32) -> f32 { return bitcast<f32>(select(~key, key ^ 0x80000000u, key >= 0x80000000u)); }

// Divided as IEEE 754 wants it, which WGSL's division need not be; only for numbers that are not tiny.
fn quotient(value: f32, divisor: f32) -> f32 {
  let a = bitcast<u32>(value);
  let b = bitcast<u32>(divisor);
  if (a == 0u) { return value; }
  var rest = (a & 0x7fffffu) | 0x800000u;
  let divided = (b & 0x7fffffu) | 0x800000u;
  var exponent = i32(a >> 23u) - i32(b >> 23u) + 127;
  if (rest < divided) { rest <<= 1u; exponent -= 1; }
  var bits = 0u;
  for (var i = 0; i < 25; i++) {
    bits <<= 1u;
    if (rest >= divided) { rest -= divided; bits |= 1u; }
    rest <<= 1u;
  }
  let odd = (bits >> 1u) & 1u;
  let up = (bits & 1u) & (odd | select(0u, 1u, rest != 0u));
  if (exponent <= 0) { return 0.0; }
  return bitcast<f32>(((bits >> 1u) + up - 0x800000u) + (u32(exponent) << 23u));
}

fn penalized(score: f32) -> f32 {
  if (score < 0.0) { return score * params.penalty; }
  return quotient(score, params.penalty);
}

// Keys of all scores, and the best one with the first token that has it.
fn score(lid: u32) {
  var key = 0u;
  var id = 0u;
  for (var i = lid; i < V; i += THREADS) {
    var value = LOGIT;
    if (params.hasPenalty != 0u && ((scratch[V + i / 32u] >> (i % 32u)) & 1u) != 0u) { value = penalized(value); }
    let found = key_of(bitcast<u32>(value));
    scratch[i] = found;
    if (found > key) { key = found; id = i; }
  }
  best_key[lid] = key;
  best_id[lid] = id;
  workgroupBarrier();
  for (var step = THREADS / 2u; step > 0u; step /= 2u) {
    if (lid < step) {
      let other = best_key[lid + step];
      if (other > best_key[lid] || (other == best_key[lid] && best_id[lid + step] < best_id[lid])) {
        best_key[lid] = other;
        best_id[lid] = best_id[lid + step];
      }
    }
    workgroupBarrier();
  }
}

fn weight_of(score: f32, max_score: f32) -> u32 {
  let exponent = (max_score - score) * params.factor;
  if (!(exponent < ${MAX_EXPONENT}.0)) { return 0u; }
  let fixed = u32(exponent * 16777216.0);
  let entry = constants[(fixed >> 12u) & 0xfffu];
  let part = ((entry >> 4u) * (fixed & 0xfffu)) >> 16u;
  return ((entry - ((part * ${LN2_16}u) >> 20u)) << 7u) >> (fixed >> 24u);
}

// Weights in place of keys; their sum is in \`wide\`.
fn weigh(lid: u32, floor_key: u32, max_score: f32) {
  clear(lid);
  var sum = vec2u();
  for (var i = lid; i < V; i += THREADS) {
    let key = scratch[i];
    var weight = 0u;
    if (key != 0u && key >= floor_key) { weight = weight_of(score_of(key), max_score); }
    scratch[i] = weight;
    sum = plus(sum, vec2u(weight, 0u));
  }
  add(0u, sum);
  workgroupBarrier();
  if (lid == 0u) { wide = bin(0u); }
  workgroupBarrier();
}`;

/** By histograms of eight bits at a time, from the highest. */
export const SELECTION = `
fn clear(lid: u32) {
  workgroupBarrier();
  atomicStore(&low[lid], 0u);
  atomicStore(&high[lid], 0u);
  workgroupBarrier();
}
fn add(at: u32, amount: vec2u) {
  let before = atomicAdd(&low[at], amount.x);
  let carry = select(0u, 1u, before > 0xffffffffu - amount.x);
  if (amount.y + carry > 0u) { atomicAdd(&high[at], amount.y + carry); }
}
fn bin(at: u32) -> vec2u { return vec2u(atomicLoad(&low[at]), atomicLoad(&high[at])); }

// The largest value such that all values from it on, as a sum or as a number, reach the target.
fn choose_value(lid: u32, target_sum: vec2u, isSum: bool) {
  var prefix = 0u;
  var mask = 0u;
  if (lid == 0u) { above = vec2u(); }
  for (var shift = 24i; shift >= 0i; shift -= 8i) {
    clear(lid);
    for (var i = lid; i < V; i += THREADS) {
      let value = scratch[i];
      if (value != 0u && (value & mask) == prefix) { add((value >> u32(shift)) & 255u, vec2u(select(1u, value, isSum), 0u)); }
    }
    workgroupBarrier();
    if (lid == 0u) {
      var at = 255u;
      while (at > 0u && less(plus(above, bin(at)), target_sum)) {
        above = plus(above, bin(at));
        at -= 1u;
      }
      selected = prefix | (at << u32(shift));
    }
    prefix = workgroupUniformLoad(&selected);
    mask |= 255u << u32(shift);
  }
}

// How many values are larger (in \`wide\`), and how many are equal.
fn count_values(lid: u32, value: u32) {
  clear(lid);
  var counts = vec2u();
  for (var i = lid; i < V; i += THREADS) {
    let found = scratch[i];
    counts += vec2u(select(0u, 1u, found > value), select(0u, 1u, found == value));
  }
  add(0u, vec2u(counts.x, 0u));
  add(1u, vec2u(counts.y, 0u));
  workgroupBarrier();
  if (lid == 0u) { wide = bin(0u); ties = bin(1u).x; }
  workgroupBarrier();
}`;

/** In the order of ids: each thread takes consecutive tokens, and one of them holds the place. */
export const PICKING = `
fn chunk_end(lid: u32) -> u32 { return min((lid + 1u) * CHUNK, V); }

// The sum of all chunks before this thread's, after each has added its own to its bin.
fn start_of(lid: u32) -> vec2u {
  workgroupBarrier();
  var sum = vec2u();
  for (var i = 0u; i < lid; i++) { sum = plus(sum, bin(i)); }
  return sum;
}

// The token at a place in the sum of weights that are larger than \`floor_weight\`.
fn pick_heavier(lid: u32, floor_weight: u32, at: vec2u) {
  clear(lid);
  var own = vec2u();
  for (var i = lid * CHUNK; i < chunk_end(lid); i++) {
    if (scratch[i] > floor_weight) { own = plus(own, vec2u(scratch[i], 0u)); }
  }
  add(lid, own);
  var sum = start_of(lid);
  if (!less(at, sum) && less(at, plus(sum, own))) {
    for (var i = lid * CHUNK; i < chunk_end(lid); i++) {
      if (scratch[i] <= floor_weight) { continue; }
      sum = plus(sum, vec2u(scratch[i], 0u));
      if (less(at, sum)) { chosen = i; break; }
    }
  }
  workgroupBarrier();
}

// The token with this weight before which there are \`index\` others.
fn pick_equal(lid: u32, weight: u32, index: u32) {
  clear(lid);
  var own = 0u;
  for (var i = lid * CHUNK; i < chunk_end(lid); i++) { own += select(0u, 1u, scratch[i] == weight); }
  add(lid, vec2u(own, 0u));
  var before = start_of(lid).x;
  if (index >= before && index < before + own) {
    for (var i = lid * CHUNK; i < chunk_end(lid); i++) {
      if (scratch[i] != weight) { continue; }
      if (before == index) { chosen = i; break; }
      before += 1u;
    }
  }
  workgroupBarrier();
}`;
