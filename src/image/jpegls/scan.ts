/** One scan of JPEG-LS → samples. ISO/IEC 14495-1 A.3–A.7, annex B. */
import { JpegError } from '../jpeg/bits';
import type { LsBitReader } from './bits';
import { LsModel, type LsParameters } from './contexts';

/** Bits of the length of a run that ends, for each state. */
const RUN_BITS = [
  0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];

/** Lines of one component, with a sample before the first one and one after the last one. */
interface Lines {
  above: Int32Array;
  current: Int32Array;
  /** State of the runs. */
  run: number;
}

export interface LsScan {
  width: number;
  height: number;
  parameters: LsParameters;
  /** Where the components of the scan are among those of the image. */
  channels: number[];
  /** Of the image. */
  components: number;
  /** Components of a sample follow each other, not lines of them. */
  isBySample: boolean;
}

/** @param values of the image, interleaved; filled with the components of the scan */
export function decodeScan(reader: LsBitReader, scan: LsScan, values: Uint8Array | Uint16Array): void {
  new Decoder(reader, scan).decode(values);
}

class Decoder {
  readonly #scan: LsScan;
  readonly #reader: LsBitReader;
  readonly #model: LsModel;
  readonly #planes: Lines[];
  /** Quantized gradients, from −maximum to maximum. */
  readonly #quantized: Int8Array;
  /** Where a gradient of 0 is. */
  readonly #zero: number;

  constructor(reader: LsBitReader, scan: LsScan) {
    this.#scan = scan;
    this.#reader = reader;
    this.#model = new LsModel(scan.parameters, reader);
    const line = () => new Int32Array(scan.width + 2);
    this.#planes = scan.channels.map(() => ({ above: line(), current: line(), run: 0 }));
    this.#quantized = quantizer(scan.parameters);
    this.#zero = scan.parameters.maxValue;
  }

  decode(values: Uint8Array | Uint16Array): void {
    const { width, height, components, channels, isBySample } = this.#scan;
    for (let y = 0; y < height; y++) {
      for (const lines of this.#planes) startLine(lines, width);
      if (isBySample && this.#planes.length > 1) this.#sampleLine();
      else for (const lines of this.#planes) this.#line(lines);
      for (const [i, { current }] of this.#planes.entries()) {
        const from = y * width * components + channels[i]!;
        for (let x = 0; x < width; x++) values[from + x * components] = current[x + 1]!;
      }
    }
  }

  // Values are taken one by one here: a tuple for each sample would double the time.
  #line(lines: Lines): void {
    const { width } = this.#scan;
    const { above, current } = lines;
    let x = 1;
    while (x <= width) {
      const context = this.#context(above, current, x);
      if (context !== 0) {
        current[x] = this.#regular(context, current[x - 1]!, above[x]!, above[x - 1]!);
        x++;
        continue;
      }
      const left = current[x - 1]!;
      const end = this.#runEnd(lines, x);
      current.fill(left, x, end);
      x = end;
      if (x > width) break;
      current[x] = this.#endOfRun(lines, left, above[x]!);
      x++;
    }
  }

  /** All components of a sample have one run. */
  #sampleLine(): void {
    const { width } = this.#scan;
    const planes = this.#planes;
    const contexts = new Int32Array(planes.length);
    const first = planes[0]!;
    let x = 1;
    while (x <= width) {
      let used = 0;
      for (let i = 0; i < planes.length; i++) {
        const { above, current } = planes[i]!;
        used |= contexts[i] = this.#context(above, current, x);
      }
      if (used !== 0) {
        for (let i = 0; i < planes.length; i++) {
          const { above, current } = planes[i]!;
          current[x] = this.#regular(contexts[i]!, current[x - 1]!, above[x]!, above[x - 1]!);
        }
        x++;
        continue;
      }
      const end = this.#runEnd(first, x);
      for (const { current } of planes) current.fill(current[x - 1]!, x, end);
      x = end;
      if (x > width) break;
      for (const { above, current } of planes)
        current[x] = this.#endOfSharedRun(first, current[x - 1]!, above[x]!);
      if (first.run > 0) first.run--;
      x++;
    }
  }

  #context(above: Int32Array, current: Int32Array, x: number): number {
    const quantized = this.#quantized;
    const zero = this.#zero;
    const up = above[x]!;
    const corner = above[x - 1]!;
    return (
      81 * quantized[zero + above[x + 1]! - up]! +
      9 * quantized[zero + up - corner]! +
      quantized[zero + corner - current[x - 1]!]!
    );
  }

  /** @param context negative if its sign is turned; 0 is a context too, of a component beside another one that has gradients */
  #regular(context: number, left: number, up: number, corner: number): number {
    const model = this.#model;
    const maxValue = this.#zero;
    const index = context < 0 ? -context : context;
    let prediction = left + up - corner;
    if (corner >= left && corner >= up) prediction = left < up ? left : up;
    else if (corner <= left && corner <= up) prediction = left > up ? left : up;
    const correction = model.corrections[index]!;
    prediction += context < 0 ? -correction : correction;
    prediction = prediction < 0 ? 0 : prediction > maxValue ? maxValue : prediction;
    const error = model.error(index);
    return model.sample(prediction, context < 0 ? -error : error);
  }

  /** @returns the position after the run that begins at `start` */
  #runEnd(lines: Lines, start: number): number {
    const end = this.#scan.width + 1;
    let x = start;
    while (x < end && this.#reader.bits(1) === 1) {
      const length = 2 ** RUN_BITS[lines.run]!;
      const used = Math.min(length, end - x);
      x += used;
      if (used === length && lines.run < 31) lines.run++;
    }
    if (x < end) x += this.#reader.bits(RUN_BITS[lines.run]!);
    if (x > end) throw new JpegError('a run is longer than its line');
    return x;
  }

  #endOfSharedRun({ run }: Lines, left: number, up: number): number {
    const error = this.#model.runError(0, RUN_BITS[run]!);
    return this.#model.sample(up, left > up ? -error : error);
  }

  #endOfRun(lines: Lines, left: number, up: number): number {
    const type = Math.abs(left - up) <= this.#scan.parameters.near ? 1 : 0;
    const error = this.#model.runError(type, RUN_BITS[lines.run]!);
    if (lines.run > 0) lines.run--;
    if (type === 1) return this.#model.sample(left, error);
    return this.#model.sample(up, left > up ? -error : error);
  }
}

/** What is outside the picture: above the first line 0, before a line the sample above, after it the last one above. */
function startLine(lines: Lines, width: number): void {
  [lines.above, lines.current] = [lines.current, lines.above];
  lines.above[width + 1] = lines.above[width]!;
  lines.current[0] = lines.above[1]!;
}

function quantizer({ maxValue, thresholds, near }: LsParameters): Int8Array {
  const [first, second, third] = thresholds;
  const table = new Int8Array(2 * maxValue + 1);
  for (let value = near + 1; value <= maxValue; value++) {
    const level = value < first ? 1 : value < second ? 2 : value < third ? 3 : 4;
    table[maxValue + value] = level;
    table[maxValue - value] = -level;
  }
  return table;
}
