/** Names, numbers and addresses inside of a sentence that runs from right to left. */

/** First strong isolate … pop directional isolate: what stands between has its own direction, and disturbs none around it. */
const ISOLATE = '\u2068';
const POP = '\u2069';

/**
 * A message with isolates around its plain arguments. Without them “+0.5”, “512 × 512” and “org/model (4 bit)” fall apart
 * among Arabic words. Argument names are in Latin letters, so that a branch of a plural (`one {نتيجة}`) is never taken for one.
 */
export function isolateArguments(source: string): string {
  return source.replace(/\{([A-Za-z]\w*)\}/g, `${ISOLATE}{$1}${POP}`);
}

/** The same for a text outside of messages that is Latin whatever it begins with: a formula, a size, an id. */
export function isolateLtr(text: string): string {
  return `\u2066${text}${POP}`;
}
