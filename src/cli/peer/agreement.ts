/** Whether an engine's greedy answer is that of float32 arithmetic. */
import type { Tokenizer } from '../../engine/ports';

/** Greedy ids in float32, and how clear each choice was. */
export interface Reference {
  ids: readonly number[];
  /** Largest minus second largest logit at each step, in standard deviations of the logits. */
  margins: readonly number[];
}

export interface Agreement {
  ok: boolean;
  /** Number of tokens that are equal, of how many. */
  equal: number;
  of: number;
  /** The margin at the first token that differs. */
  margin: number | null;
}

/**
 * After a choice that was as good as a tie, rounding decides, and nothing that follows can be compared. The limit is that of
 * the self-test for float16.
 */
const TIE = 0.1;

/** @param answer ids, or the text of an engine that gives no ids */
export function compareAnswer(
  reference: Reference,
  answer: { ids: readonly number[] | null; text: string | null },
  tokenizer: Pick<Tokenizer, 'decode'>,
): Agreement {
  const of = reference.ids.length;
  const equal = answer.ids
    ? commonIds(reference.ids, answer.ids)
    : commonText(reference.ids, answer.text ?? '', tokenizer);
  const margin = equal === of ? null : (reference.margins[equal] ?? 0);
  return { ok: margin === null || margin < TIE, equal, of, margin };
}

function commonIds(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((id, i) => id !== b[i]);
  return differs < 0 ? a.length : differs;
}

/** The number of ids whose text is a prefix of `text`. */
function commonText(ids: readonly number[], text: string, { decode }: Pick<Tokenizer, 'decode'>): number {
  for (let count = ids.length; count > 0; count--) {
    // A character may be incomplete where the ids end.
    const start = decode(ids.slice(0, count)).replace(/\uFFFD+$/, '');
    if (text.startsWith(start)) return count;
  }
  return 0;
}
