import { describe, expect, it } from 'vitest';
import { isLinear } from '../../shared/testing/growth';
import { MarkdownStream, type Block, type Inline } from './markdown';

const read = (source: string): readonly Block[] => new MarkdownStream().read(source);
const text = (value: string): Inline => ({ kind: 'text', text: value });

describe('a text that would take the parser long', () => {
  const nested = (size: number): string =>
    Array.from({ length: Math.ceil(Math.sqrt(size)) }, (_, i) => `${' '.repeat(2 * i)}- x`).join('\n');

  it.each<[string, (size: number) => string]>([
    ['quotes in quotes', (size) => `${'> '.repeat(size)}x`],
    ['lists in lists', nested],
    ['lists on a line', (size) => `${'- '.repeat(size)}x`],
    ['numbers on a line', (size) => `${'1. '.repeat(size)}x`],
    ['quotes and lists', (size) => `${'> - '.repeat(size)}x`],
    ['stars', (size) => '*a '.repeat(size)],
    ['bold', (size) => '**a'.repeat(size)],
    ['a mixture', (size) => 'a*b_c**d__'.repeat(size)],
    ['brackets', (size) => '['.repeat(size)],
    ['links', (size) => '[a]('.repeat(size)],
    ['images', (size) => '!['.repeat(size)],
    ['backticks', (size) => '`x ``'.repeat(size)],
    ['comments', (size) => '<!--'.repeat(size)],
    ['tags', (size) => '<a href="'.repeat(size)],
    ['addresses', (size) => `${'a.'.repeat(size)}@`],
    ['spaces', (size) => `a${' '.repeat(size)}b`],
    ['empty lines', (size) => `a${'\n'.repeat(size)}b`],
    ['lines', (size) => 'a\n'.repeat(size)],
    ['paragraphs', (size) => 'a *b*\n\n'.repeat(size)],
    ['fences', (size) => '```\nx\n'.repeat(size)],
    ['loose lists', (size) => '- x\n\n'.repeat(size)],
    ['lazy lines', (size) => '- x\ny\n'.repeat(size)],
    ['rows', (size) => `|a|b|\n|-|-|\n${'|x|y|\n'.repeat(size)}`],
    ['columns', (size) => `${'|a'.repeat(size)}\n${'|-'.repeat(size)}`],
    ['definitions', (size) => '[a]: x\n'.repeat(size)],
  ])('is read in proportion to its length: %s', async (_, make) => {
    expect(await isLinear(make, read)).toBe(true);
    expect(JSON.stringify(read(make(100_000))).length).toBeGreaterThan(0);
  });

  it('is shown as written, and the rest is formatted', () => {
    const deep = `${'> '.repeat(5_000)}x`;
    const blocks = read(`**one**\n\n${deep}\n\n# two\n\n\`\`\`\n${'y '.repeat(9_000)}\n\`\`\``);
    expect(blocks.map(({ kind }) => kind)).toEqual(['paragraph', 'paragraph', 'heading', 'code']);
    expect(blocks[1]).toEqual({ kind: 'paragraph', children: [text(deep)] });
    expect(blocks[3]).toEqual({ kind: 'code', text: 'y '.repeat(9_000) });
  });

  it('is the same in parts', () => {
    const long = LONG_LIST.repeat(40);
    const stream = new MarkdownStream();
    for (let length = 0; length <= long.length; length += 997) stream.read(long.slice(0, length));
    expect(stream.read(long)).toEqual(read(long));
  });
});

const LONG_LIST =
  `A paragraph **with bold** text.\n\n- ${'item '.repeat(20)}\n- two\n\n\`\`\`\ncode\n\`\`\`\n\n`.repeat(10);
