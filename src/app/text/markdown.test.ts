import { lexer } from 'marked';
import { describe, expect, it, vi } from 'vitest';
import { MarkdownStream, type Block, type Inline } from './markdown';

vi.mock('marked', { spy: true });

const read = (text: string): readonly Block[] => new MarkdownStream().read(text);
const text = (value: string): Inline => ({ kind: 'text', text: value });

describe('MarkdownStream', () => {
  it('reads what models write: bold, lists, code, tables, headings', () => {
    expect(read('# Findings\n\nA **bright** ring, `HU 700`.')).toEqual([
      { kind: 'heading', depth: 1, children: [text('Findings')] },
      {
        kind: 'paragraph',
        children: [
          text('A '),
          { kind: 'strong', children: [text('bright')] },
          text(' ring, '),
          { kind: 'code', text: 'HU 700' },
          text('.'),
        ],
      },
    ]);
    expect(read('3. bone\n4. air')).toEqual([
      {
        kind: 'list',
        ordered: true,
        start: 3,
        items: [[{ kind: 'plain', children: [text('bone')] }], [{ kind: 'plain', children: [text('air')] }]],
      },
    ]);
    expect(read('|a|b|\n|-|-|\n|1|2|')).toEqual([
      { kind: 'table', header: [[text('a')], [text('b')]], rows: [[[text('1')], [text('2')]]] },
    ]);
    expect(read('```py\nx < 1\n```')).toEqual([{ kind: 'code', text: 'x < 1' }]);
    expect(read('one\ntwo')).toMatchObject([{ children: [text('one'), { kind: 'break' }, text('two')] }]);
  });

  it('keeps HTML as text, does not keep addresses of images, and names hosts', () => {
    const evil = '<img src=x onerror=alert(1)>';
    expect(read(evil)).toEqual([{ kind: 'paragraph', children: [text(evil)] }]);
    expect(read('see <script>alert(1)</script> there')).toMatchObject([
      { children: [text('see '), text('<script>'), text('alert(1)'), text('</script>'), text(' there')] },
    ]);
    expect(JSON.stringify(read('![ring](https://evil.example/x.png)'))).not.toContain('evil.example');
    expect(read('[here](https://evil.example/x)')).toMatchObject([
      { children: [{ kind: 'link', host: 'evil.example', children: [text('here')] }] },
    ]);
    for (const href of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', '/relative'])
      expect(read(`[here](${href})`)).toMatchObject([{ children: [{ kind: 'link', host: '' }] }]);
  });

  const LONG =
    '# T\n\nOne *two*\nthree.\n\n- a\n- b\n\n- c\n\n1. x\n   - y\n\n```\ncode\n\nmore\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> q\n\n---\n\nEnd **bold';

  it('gives at every length what reading at once gives', () => {
    const stream = new MarkdownStream();
    for (let length = 0; length <= LONG.length; length++) {
      const part = LONG.slice(0, length);
      expect(stream.read(part)).toEqual(read(part));
    }
  });

  it('keeps complete blocks as they are and reads only the last one again', () => {
    const stream = new MarkdownStream();
    const paragraph = `${'word '.repeat(40)}\n\n`;
    const before = stream.read(paragraph.repeat(200));
    vi.mocked(lexer).mockClear();
    const after = stream.read(`${paragraph.repeat(200)}more`);
    expect(after.slice(0, 199).every((block, i) => block === before[i])).toBe(true);
    expect(vi.mocked(lexer).mock.calls.map(([source]) => source.length)).toEqual([paragraph.length + 4]);
  });

  it('starts again with another text', () => {
    const stream = new MarkdownStream();
    stream.read('a\n\nb\n\nc');
    expect(stream.read('x\n\ny')).toEqual(read('x\n\ny'));
    expect(stream.read('')).toEqual([]);
  });

  it('copes with carriage returns', () => {
    const stream = new MarkdownStream();
    stream.read('a\r\n\r\nb');
    expect(stream.read('a\r\n\r\nb\r\n\r\nc')).toEqual(read('a\n\nb\n\nc'));
  });
});
