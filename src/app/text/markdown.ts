/**
 * A model's Markdown as plain data for a component to draw. It never becomes HTML: raw HTML stays text, images are not
 * fetched, and links are not followed.
 */
import { lexer, type Token, type Tokens } from 'marked';

export type Inline =
  | { kind: 'text' | 'code' | 'image'; text: string }
  | { kind: 'strong' | 'em' | 'del'; children: Inline[] }
  | { kind: 'break' }
  /** `host` is empty unless the address is http or https. */
  | { kind: 'link'; children: Inline[]; href: string; host: string };

export type Block =
  | { kind: 'paragraph' | 'plain'; children: Inline[] }
  | { kind: 'heading'; depth: number; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'table'; header: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' };

/**
 * Parses a text that grows. Complete blocks keep their identity and are never parsed again, so the cost of a token doesn't
 * grow with the length of the answer.
 */
export class MarkdownStream {
  #source = '';
  #complete: Block[] = [];
  /** Length of the source that the complete blocks cover, in characters. */
  #completeLength = 0;

  read(text: string): readonly Block[] {
    if (!text.startsWith(this.#source)) {
      this.#complete = [];
      this.#completeLength = 0;
    }
    this.#source = text;
    const tokens = lexer(text.slice(this.#completeLength), { gfm: true, breaks: true });
    // The last block may still grow; a list can continue even after an empty line.
    const open = tokens.findLastIndex((token) => token.type !== 'space');
    for (const token of tokens.slice(0, Math.max(open, 0))) {
      // If the lexer changed whitespace, offsets no longer match: parse everything again.
      if (!text.startsWith(token.raw, this.#completeLength)) return blocksOf(lexer(text));
      this.#complete.push(...blocksOf([token]));
      this.#completeLength += token.raw.length;
    }
    return [...this.#complete, ...blocksOf(tokens.slice(Math.max(open, 0)))];
  }
}

function blocksOf(tokens: readonly Token[]): Block[] {
  return tokens.flatMap(blockOf);
}

/** The lexer's union has an open member, so each kind is asserted after its name was checked. */
function blockOf(token: Token): Block | Block[] {
  switch (token.type) {
    case 'space':
    case 'def':
      return [];
    case 'paragraph':
      return { kind: 'paragraph', children: inlinesOf(token.tokens) };
    case 'text':
      return { kind: 'plain', children: inlinesOf(token.tokens ?? [token]) };
    case 'heading':
      return { kind: 'heading', depth: (token as Tokens.Heading).depth, children: inlinesOf(token.tokens) };
    case 'code':
      return { kind: 'code', text: (token as Tokens.Code).text };
    case 'list':
      return listOf(token as Tokens.List);
    case 'blockquote':
      return { kind: 'quote', blocks: blocksOf(token.tokens ?? []) };
    case 'table': {
      const { header, rows } = token as Tokens.Table;
      const cells = (row: Tokens.TableCell[]): Inline[][] => row.map((cell) => inlinesOf(cell.tokens));
      return { kind: 'table', header: cells(header), rows: rows.map(cells) };
    }
    case 'hr':
      return { kind: 'rule' };
    default:
      return { kind: 'paragraph', children: [{ kind: 'text', text: token.raw.trimEnd() }] };
  }
}

function listOf({ ordered, start, items }: Tokens.List): Block {
  return {
    kind: 'list',
    ordered,
    start: start === '' ? 1 : start,
    items: items.map((item) => blocksOf(item.tokens)),
  };
}

function inlinesOf(tokens: readonly Token[] = []): Inline[] {
  return tokens.map(inlineOf);
}

function inlineOf(token: Token): Inline {
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return { kind: token.type, children: inlinesOf(token.tokens) };
    case 'codespan':
      return { kind: 'code', text: (token as Tokens.Codespan).text };
    case 'br':
      return { kind: 'break' };
    case 'image':
      return { kind: 'image', text: (token as Tokens.Image).text };
    case 'checkbox':
      return { kind: 'text', text: (token as Tokens.Checkbox).checked ? '☑ ' : '☐ ' };
    case 'link': {
      const { href } = token as Tokens.Link;
      return { kind: 'link', children: inlinesOf(token.tokens), href, host: hostOf(href) };
    }
    case 'text':
    case 'escape':
      return { kind: 'text', text: (token as Tokens.Text).text };
    default:
      return { kind: 'text', text: token.raw };
  }
}

function hostOf(href: string): string {
  if (!URL.canParse(href)) return '';
  const { protocol, host } = new URL(href);
  return protocol === 'https:' || protocol === 'http:' ? host : '';
}
