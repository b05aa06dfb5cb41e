/** Names, numbers and addresses inside right-to-left sentences. */

/** First strong isolate … pop directional isolate: the text between them has its own direction and doesn't affect its surroundings. */
const ISOLATE = '\u2068';
const POP = '\u2069';

/**
 * Adds isolates around the plain arguments of a message. Without them “+0.5”, “512 × 512” and “org/model (4 bit)” are
 * reordered between Arabic words. Argument names are in Latin letters, so that a branch of a plural (`one {نتيجة}`) is not
 * mistaken for one.
 */
export function isolateArguments(source: string): string {
  return source.replace(/\{([A-Za-z]\w*)\}/g, `${ISOLATE}{$1}${POP}`);
}

/** Isolates a text outside of messages that is always left to right: a formula, a size, an id. */
export function isolateLtr(text: string): string {
  return `\u2066${text}${POP}`;
}
