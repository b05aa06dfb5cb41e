/**
 * The unpacked bytes of a gzip file, as they come. A gzip file may consist of several members (RFC 1952, 2.2), as bgzip, pigz
 * and plain concatenation write them; `DecompressionStream` unpacks only the first one in browsers, so each gets its own.
 */
import { readRange } from './readRange';

/** Read at a time. */
const SLICE_BYTES = 1 << 20;
const HEADER_BYTES = 10;
/** A member without content. */
const MIN_MEMBER_BYTES = 20;
/** Bytes inside a member may look like the header of another; that is one in 10^11, unless it was made so. */
const MAX_MISTAKES = 4;

/** @throws the error of DecompressionStream if nothing could be unpacked; what is damaged later ends the output */
export async function* gunzip(blob: Blob): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const mistaken = new Set<number>();
  const slices = new Slices(blob);
  let start = 0;
  let isEmpty = true;
  while (start < blob.size) {
    const member = new Member(slices, start, mistaken);
    /** Bytes that were already handed over, when a member is unpacked again. */
    let known = 0;
    for (;;) {
      try {
        for await (const bytes of member.unpack()) {
          const fresh = known > 0 ? bytes.subarray(Math.min(known, bytes.length)) : bytes;
          known -= bytes.length - fresh.length;
          if (fresh.length === 0) continue;
          isEmpty = false;
          member.handed += fresh.length;
          yield fresh;
        }
        break;
      } catch (error) {
        if (!member.isCut || mistaken.size >= MAX_MISTAKES) {
          if (isEmpty) throw error;
          return;
        }
        mistaken.add(member.end);
        known = member.handed;
      }
    }
    start = member.end;
  }
}

/** The file in slices. A slice may hold thousands of members, so it is read once. */
class Slices {
  readonly #blob: Blob;
  readonly size: number;
  #at = 0;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array();

  constructor(blob: Blob) {
    this.#blob = blob;
    this.size = blob.size;
  }

  /** Bytes from offset `at`: at least a header's, unless the file ends. */
  async from(at: number): Promise<Uint8Array<ArrayBuffer>> {
    const end = this.#at + this.#bytes.length;
    if (at < this.#at || (at + HEADER_BYTES > end && end < this.size) || at >= end) {
      this.#bytes = await readRange(this.#blob, at, at + SLICE_BYTES);
      this.#at = at;
    }
    return this.#bytes.subarray(at - this.#at);
  }
}

class Member {
  readonly #slices: Slices;
  readonly #start: number;
  readonly #mistaken: ReadonlySet<number>;
  /** Where the next member seems to start, or the end of the file. */
  end: number;
  /** Unpacked bytes that the caller has. */
  handed = 0;

  constructor(slices: Slices, start: number, mistaken: ReadonlySet<number>) {
    this.#slices = slices;
    this.#start = start;
    this.#mistaken = mistaken;
    this.end = slices.size;
  }

  /** The member was taken to end before the file does. */
  get isCut(): boolean {
    return this.end < this.#slices.size;
  }

  async *unpack(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    this.end = this.#slices.size;
    const reader = this.#packed().pipeThrough(new DecompressionStream('gzip')).getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }

  /** Up to the next header. */
  #packed(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = this.#start;
    return new ReadableStream({
      pull: async (controller) => {
        const bytes = await this.#slices.from(at);
        const next = this.#findHeader(bytes, at);
        if (next >= 0) this.end = at + next;
        // A header may begin in this slice and end in the next one.
        const isLast = at + bytes.length >= this.#slices.size;
        const length = next >= 0 ? next : isLast ? bytes.length : bytes.length - HEADER_BYTES + 1;
        if (length > 0) controller.enqueue(bytes.slice(0, length));
        at += length;
        if (at >= this.end) controller.close();
      },
    });
  }

  /** Index of the header of another member in the bytes from offset `at` of the file, or −1. */
  #findHeader(bytes: Uint8Array, at: number): number {
    const from = Math.max(0, this.#start + MIN_MEMBER_BYTES - at);
    for (let i = bytes.indexOf(0x1f, from); i >= 0; i = bytes.indexOf(0x1f, i + 1)) {
      if (isHeader(bytes, i) && !this.#mistaken.has(at + i)) return i;
    }
    return -1;
  }
}

/** Magic, deflate, no reserved flags, a known level and a known system. */
function isHeader(bytes: Uint8Array, at: number): boolean {
  if (bytes[at + 1] !== 0x8b || bytes[at + 2] !== 8 || at + HEADER_BYTES > bytes.length) return false;
  const [flags, level, system] = [bytes[at + 3]!, bytes[at + 8]!, bytes[at + 9]!];
  return (flags & 0xe0) === 0 && [0, 2, 4].includes(level) && (system <= 13 || system === 255);
}
