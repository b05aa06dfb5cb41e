/**
 * A model's Markdown as plain data for a component to draw. It never becomes HTML: raw HTML stays text, images are not
 * fetched, and links are not followed.
 */
import { lexer, type Token, type Tokens } from 'marked';
import { isBounded, joinPieces, MAX_FORMATTED, piecesOf, type Piece } from './markdownBounds';

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
    const tokens = tokensOf(text.slice(this.#completeLength), this.#completeLength);
    // The last block may still grow; a list can continue even after an empty line.
    const open = tokens.findLastIndex((token) => token.type !== 'space');
    for (const token of tokens.slice(0, Math.max(open, 0))) {
      // If the lexer changed whitespace, offsets no longer match: parse everything again.
      if (!text.startsWith(token.raw, this.#completeLength)) {
        return blocksOf(tokensOf(text.replace(/\r\n?/g, '\n'), 0));
      }
      this.#complete.push(...blocksOf([token]));
      this.#completeLength += token.raw.length;
    }
    return [...this.#complete, ...blocksOf(tokens.slice(Math.max(open, 0)))];
  }
}

/** A piece that the parser must not get. */
interface PlainToken {
  type: 'plain';
  raw: string;
  /** The lines of a fenced block; null for other text. */
  code: string | null;
}

type AnyToken = Token | PlainToken;

/** @param offset where the text begins in the whole answer */
function tokensOf(text: string, offset: number): AnyToken[] {
  if (text.length + offset <= MAX_FORMATTED && isBounded(text)) return lex(text);
  let at = offset;
  return joinPieces(piecesOf(text)).flatMap((piece): AnyToken[] => {
    at += piece.raw.length;
    return at <= MAX_FORMATTED && piece.isBounded ? lex(piece.raw) : [plainToken(piece)];
  });
}

const lex = (text: string): Token[] => lexer(text, { gfm: true, breaks: true });

const plainToken = ({ raw, code }: Piece): PlainToken => ({ type: 'plain', raw, code });

/** More lines are shown as one, so that the page need not draw as many elements. */
const MAX_PLAIN_LINES = 500;

function plainBlock({ raw, code }: PlainToken): Block {
  if (code !== null) return { kind: 'code', text: code };
  const text = raw.trim();
  const lines = text.split('\n');
  if (lines.length > MAX_PLAIN_LINES) return { kind: 'paragraph', children: [{ kind: 'text', text }] };
  const children = lines.flatMap((line, i): Inline[] => [
    ...(i > 0 ? [{ kind: 'break' } as const] : []),
    { kind: 'text', text: line },
  ]);
  return { kind: 'paragraph', children };
}

function blocksOf(tokens: readonly AnyToken[]): Block[] {
  return tokens.flatMap(blockOf);
}

/** The lexer's union has an open member, so each kind is asserted after its name was checked. */
function blockOf(token: AnyToken): Block | Block[] {
  if (isPlain(token)) return token.raw.trim() === '' ? [] : plainBlock(token);
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

const isPlain = (token: AnyToken): token is PlainToken => token.type === 'plain';

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
