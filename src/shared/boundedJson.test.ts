import { describe, expect, it } from 'vitest';
import { parseBoundedJson, type JsonBudget } from './boundedJson';

const BUDGET: JsonBudget = { maxBytes: 50_000_000 };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string, budget: Partial<JsonBudget> = {}): unknown =>
  parseBoundedJson(bytesOf(text), 'x.json', { ...BUDGET, ...budget }, (message) => {
    throw new Error(message);
  });

describe('parseBoundedJson', () => {
  it('gives what JSON.parse gives, brackets and quotes within texts included', () => {
    const value = { a: ['[[[[', '\\"]]', { b: '\u{1f600}"' }], c: null, d: -1.5e3 };
    expect(parse(JSON.stringify(value), { maxDepth: 3 })).toEqual(value);
    expect(parse(`\ufeff${JSON.stringify(value)}`)).toEqual(value);
  });

  it('refuses a million nested lists or objects at once', () => {
    const started = performance.now();
    expect(() => parse('['.repeat(1e6) + ']'.repeat(1e6))).toThrow(/x\.json nests lists and objects 1000000/);
    expect(() => parse('{"a":'.repeat(1e6))).toThrow(/levels deep/);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('refuses too many values and too many bytes', () => {
    expect(() => parse(`[${'0,'.repeat(2e6)}0]`)).toThrow(/x\.json has 2000002 values/);
    expect(() => parse('"aaaa"', { maxBytes: 5 })).toThrow(/x\.json has 6 bytes/);
  });

  it('names the file where it is not JSON, without quoting it', () => {
    for (const text of ['', '{', '"', '"\\', '{"a": 1}}', `"${'x'.repeat(1e6)}`]) {
      expect(() => parse(text)).toThrow(/^x\.json is not valid JSON\. Download it again\.$/);
    }
    const notUtf8 = new Uint8Array([0x22, 0xff, 0x22]);
    const fail = (message: string): never => {
      throw new Error(message);
    };
    expect(() => parseBoundedJson(notUtf8, 'x.json', BUDGET, fail)).toThrow(/not valid JSON/);
  });
});
