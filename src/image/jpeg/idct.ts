/**
 * The inverse discrete cosine transform of libjpeg ("islow", jidctint.c), in integers throughout, so that samples equal those
 * of libjpeg and libjpeg-turbo, which Pillow and browsers use.
 */

const CONST_BITS = 13;
/** round(x × 2^13) */
const FIX = {
  c0298: 2446,
  c0390: 3196,
  c0541: 4433,
  c0765: 6270,
  c0899: 7373,
  c1175: 9633,
  c1501: 12299,
  c1847: 15137,
  c1961: 16069,
  c2053: 16819,
  c2562: 20995,
  c3072: 25172,
};

/** One pass over eight values, `step` apart; the results replace them, divided by 2^shift. */
function pass(block: Int32Array, start: number, step: number, shift: number): void {
  const at = (index: number) => block[start + index * step]!;
  const round = 1 << (shift - 1);

  const even = (at(2) + at(6)) * FIX.c0541;
  const even2 = even - at(6) * FIX.c1847;
  const even3 = even + at(2) * FIX.c0765;
  const sum = (at(0) + at(4)) * (1 << CONST_BITS) + round;
  const difference = (at(0) - at(4)) * (1 << CONST_BITS) + round;

  const [odd7, odd5, odd3, odd1] = [at(7), at(5), at(3), at(1)];
  const z5 = (odd7 + odd3 + odd5 + odd1) * FIX.c1175;
  const z1 = (odd7 + odd1) * -FIX.c0899;
  const z2 = (odd5 + odd3) * -FIX.c2562;
  const z3 = (odd7 + odd3) * -FIX.c1961 + z5;
  const z4 = (odd5 + odd1) * -FIX.c0390 + z5;
  const out7 = odd7 * FIX.c0298 + z1 + z3;
  const out5 = odd5 * FIX.c2053 + z2 + z4;
  const out3 = odd3 * FIX.c3072 + z2 + z3;
  const out1 = odd1 * FIX.c1501 + z1 + z4;

  block[start] = (sum + even3 + out1) >> shift;
  block[start + 7 * step] = (sum + even3 - out1) >> shift;
  block[start + step] = (difference + even2 + out3) >> shift;
  block[start + 6 * step] = (difference + even2 - out3) >> shift;
  block[start + 2 * step] = (difference - even2 + out5) >> shift;
  block[start + 5 * step] = (difference - even2 - out5) >> shift;
  block[start + 3 * step] = (sum - even3 + out7) >> shift;
  block[start + 4 * step] = (sum - even3 - out7) >> shift;
}

/**
 * @param block 64 dequantized coefficients, row by row; overwritten
 * @param samples receives 8 × 8 samples, rows `stride` apart, shifted to 0 … 2^precision − 1 and clamped
 * @param precision 8 or 12 bits
 */
export function inverseDct(
  block: Int32Array,
  precision: number,
  samples: Uint8Array | Uint16Array,
  offset: number,
  stride: number,
): void {
  // Fewer fraction bits between the passes leave room for 12-bit samples.
  const passBits = precision === 8 ? 2 : 1;
  for (let column = 0; column < 8; column++) pass(block, column, 8, CONST_BITS - passBits);
  for (let row = 0; row < 8; row++) pass(block, row * 8, 1, CONST_BITS + passBits + 3);
  const middle = 1 << (precision - 1);
  const white = (1 << precision) - 1;
  for (let i = 0; i < 64; i++) {
    const value = block[i]! + middle;
    samples[offset + (i >> 3) * stride + (i & 7)] = value < 0 ? 0 : value > white ? white : value;
  }
}
