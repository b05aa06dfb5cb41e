/** Whatever people read comes from messages: a text in a component would stay English in every language. */
import { parse } from 'svelte/compiler';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const COMPONENTS = import.meta.glob<string>('../**/*.svelte', {
  query: '?raw',
  import: 'default',
  eager: true,
});
/** Not those whose words are for models or developers: questions in English, reports and the details of errors. */
const MODULES = import.meta.glob<string>(
  [
    '../**/*.ts',
    '!../**/*.test.ts',
    '!../**/test*.ts',
    '!../question/suggestions.ts',
    '!../text/deviceReport.ts',
    '!../cases/caseFile.ts',
  ],
  { query: '?raw', import: 'default', eager: true },
);

/** Names, units and keys that are the same everywhere. */
const ALLOWED = new Set(['Rounds', 'hf_…']);
/** Sentences in code that are for machines: names of requests, beginnings of browsers' messages. */
const FOR_MACHINES = new Set(['ResizeObserver loop']);

/** Attributes that are read out or shown; of components, also the props that our own ones pass on to them. */
const SPOKEN = new Set(['aria-label', 'aria-description', 'aria-valuetext', 'title', 'placeholder', 'alt']);
const SPOKEN_PROPS = new Set([...SPOKEN, 'label', 'lead', 'question', 'about', 'text', 'hint', 'waiting']);

interface Node {
  type: string;
  name?: unknown;
  data?: unknown;
  value?: unknown;
  [key: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

function childrenOf(node: Node): Node[] {
  return Object.entries(node).flatMap(([key, value]) =>
    key === 'metadata' || key === 'parent' ? [] : (Array.isArray(value) ? value : [value]).filter(isNode),
  );
}

/** Single letters are names of keys and choices. */
const hasLetters = (text: string): boolean => /\p{L}{2}/u.test(text) && !ALLOWED.has(text.trim());

/** "Waiting for the model": words for people, unlike the ids, classes and keys that code is full of. */
function sentence(text: string): string[] {
  return /^\p{Lu}[\p{L}’]*\s+[\p{L}…]/u.test(text.trim()) && !FOR_MACHINES.has(text) ? [text] : [];
}

/** Text nodes of the markup. */
function markupTexts(node: Node): string[] {
  if (node.type === 'Attribute') return attributeTexts(node, SPOKEN);
  if (node.type === 'StyleDirective') return [];
  if (node.type === 'Component') {
    const spoken = (node['attributes'] as Node[]).flatMap((attribute) =>
      attribute.type === 'Attribute' ? attributeTexts(attribute, SPOKEN_PROPS) : [],
    );
    return [...spoken, ...markupTexts(node['fragment'] as Node)];
  }
  if (node.type === 'Text') return hasLetters(String(node.data)) ? [String(node.data)] : [];
  return childrenOf(node).flatMap(markupTexts);
}

function attributeTexts({ name, value }: Node, spoken: ReadonlySet<string>): string[] {
  const parts = (Array.isArray(value) ? value : [value]).filter(isNode);
  return spoken.has(String(name)) ? parts.flatMap(textsIn).filter(hasLetters) : [];
}

/** Everything that an attribute's value spells out; what is given to a function (`t`) is a key or a value. */
function textsIn(node: Node): string[] {
  if (node.type === 'CallExpression' || node.type === 'MemberExpression') return [];
  if (node.type === 'BinaryExpression') return [];
  if (node.type === 'Text') return [String(node.data)];
  if (node.type === 'Literal') return [String(node.value)];
  if (node.type === 'TemplateElement') return [(node.value as { cooked: string }).cooked];
  return childrenOf(node).flatMap(textsIn);
}

/** Sentences in expressions and scripts; the messages of errors are for developers. */
function sentencesIn(node: Node): string[] {
  if (node.type === 'ImportDeclaration') return [];
  if (node.type === 'NewExpression' || node.type === 'ThrowStatement') return [];
  if (node.type === 'Literal') return sentence(String(node.value));
  if (node.type === 'TemplateLiteral') {
    const quasis = node['quasis'] as { value: { raw: string } }[];
    return sentence(quasis.map(({ value }) => value.raw).join('…'));
  }
  return childrenOf(node).flatMap(sentencesIn);
}

function hardCoded(source: string): string[] {
  const root = parse(source, { modern: true }) as unknown as Record<string, Node | null>;
  const scripts = [root['instance'], root['module']].filter(isNode).flatMap(sentencesIn);
  const { fragment } = root;
  const markup = isNode(fragment) ? [...markupTexts(fragment), ...sentencesIn(fragment)] : [];
  return [...new Set([...markup, ...scripts].map((text) => text.trim()))];
}

/** Sentences of a module without markup. */
function sentencesOfModule(source: string): string[] {
  const walk = (node: ts.Node): string[] => {
    if (ts.isImportDeclaration(node) || ts.isNewExpression(node) || ts.isThrowStatement(node)) return [];
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return sentence(node.text);
    if (ts.isTemplateExpression(node)) {
      return sentence([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…'));
    }
    const found: string[] = [];
    ts.forEachChild(node, (child) => void found.push(...walk(child)));
    return found;
  };
  return walk(ts.createSourceFile('module.ts', source, ts.ScriptTarget.Latest));
}

describe('hard-coded text', () => {
  it('is found where there is some', () => {
    expect(hardCoded('<p title="Hint">Hello <b>{n}</b></p>')).toEqual(['Hint', 'Hello']);
    expect(hardCoded(`<Box label="Name" /><p class="wide">{ok ? 'Well done here' : t('a.b')}</p>`)).toEqual([
      'Name',
      'Well done here',
    ]);
    expect(hardCoded('<input placeholder={n ? `${n} (own)` : undefined} />')).toEqual(['(own)']);
    expect(hardCoded(`<script lang="ts">const a = 'Not begun yet';</script>`)).toEqual(['Not begun yet']);
    expect(hardCoded(`<p class="a">Rounds</p><p>· {a}</p>`)).toEqual([]);
    expect(sentencesOfModule('const a = `Rollout ${n}`; throw new Error("Not this one");')).toEqual([
      'Rollout …',
    ]);
  });

  it.each(Object.entries(COMPONENTS))('is not in %s', (_path, source) => {
    expect(hardCoded(source)).toEqual([]);
  });

  it.each(Object.entries(MODULES))('is not in %s', (_path, source) => {
    expect(sentencesOfModule(source)).toEqual([]);
  });
});
