/** Every language says everything that English says, with the same values, in the plural forms that it has. */
import { IntlMessageFormat } from 'intl-messageformat';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../../shared/presets';
import { REWARD_RULES } from '../../shared/rewardRules';
import { MESSAGE_TAGS } from './i18n.svelte';
import { LOCALE_IDS, LOCALES, type Locale } from './locales';
import { ENGLISH, fetchMessages, type Area, type Messages } from './messages';

const AREAS = Object.keys(ENGLISH) as Area[];
const TRANSLATED = LOCALE_IDS.filter((locale) => locale !== 'en');
const TRANSLATIONS = Object.fromEntries(
  await Promise.all(LOCALE_IDS.map(async (locale) => [locale, await fetchMessages(locale)])),
) as Record<Locale, Partial<Record<Area | 'data', Messages>>>;

const messagesOf = (locale: Locale, area: Area): Messages => TRANSLATIONS[locale][area] ?? {};

interface AstNode {
  type: number;
  value?: string;
  options?: Record<string, { value: AstNode[] }>;
  children?: AstNode[];
  pluralType?: string;
}
/** Element types of @formatjs/icu-messageformat-parser. */
const LITERAL = 0;
const PLURAL = 6;
const POUND = 7;
const TAG = 8;

function elementsOf(nodes: readonly AstNode[]): AstNode[] {
  return nodes.flatMap((node) => [
    node,
    ...elementsOf(node.children ?? []),
    ...Object.values(node.options ?? {}).flatMap(({ value }) => elementsOf(value)),
  ]);
}

function parse(text: string, locale: Locale): AstNode[] {
  return elementsOf(new IntlMessageFormat(text, LOCALES[locale].format).getAst());
}

/** Arguments and elements, each once: a plural may name its count in one branch and not in another. */
function slots(text: string, locale: Locale): string[] {
  const named = parse(text, locale).filter(({ type }) => type !== LITERAL && type !== POUND);
  return [...new Set(named.map(({ type, value }) => (type === TAG ? `<${value}>` : `{${value}}`)))].sort();
}

function pluralForms(text: string, locale: Locale): string[][] {
  return parse(text, locale)
    .filter(({ type }) => type === PLURAL)
    .map(({ options }) =>
      Object.keys(options ?? {})
        .filter((form) => !form.startsWith('='))
        .sort(),
    );
}

/** Words of the field that Spanish takes as they are. */
const SAME = new Set(
  [
    'answer.rolloutCount answer.tokenCount answer.tokenNumber cases.rolloutsDone image.axial image.coronal',
    'errors.panel image.sizeTokens rollouts.readTokens',
  ].flatMap((line) => line.split(' ')),
);
/** Names, units and slots; where nothing else is left there is nothing to translate. */
const UNTRANSLATABLE =
  /\b(Rounds|Rollouts?|Prompt|Top-[kp]|[Tt]okens?|Commit|float\d+|WebP|ms|min|[kMG]?B|[sh]|[xy])\b|\b\p{Lu}{2,}\b|NIfTI|\{[^}]*\}|[^\p{L}]/gu;

describe.each(TRANSLATED)('%s', (locale) => {
  const { format } = LOCALES[locale];

  describe.each(AREAS)('%s', (area) => {
    const english: Messages = ENGLISH[area];
    const messages = messagesOf(locale, area);

    it('has the messages of English, and no other', () => {
      expect(Object.keys(messages).sort()).toEqual(Object.keys(english).sort());
    });

    it('takes the same values and has the same elements', () => {
      for (const [name, text] of Object.entries(messages)) {
        expect(slots(text, locale), `${area}.${name}`).toEqual(slots(english[name] ?? '', 'en'));
      }
    });

    it('has the plural forms of the language', () => {
      const forms = new Intl.PluralRules(format).resolvedOptions().pluralCategories.sort();
      // Millions take a form of their own in Spanish; no count here gets there.
      const needed = forms.filter((form) => locale === 'ar' || form !== 'many');
      for (const [name, text] of Object.entries(messages)) {
        for (const found of pluralForms(text, locale)) {
          expect(found, `${area}.${name}`).toEqual(needed);
        }
      }
    });

    it('is translated', () => {
      const same = Object.entries(messages)
        .filter(([name, text]) => text === english[name] && text.replace(UNTRANSLATABLE, '') !== '')
        .map(([name]) => `${area}.${name}`)
        .filter((key) => !SAME.has(key));
      expect(same).toEqual([]);
    });
  });

  it('translates what data files say, and nothing that they do not', () => {
    const data = TRANSLATIONS[locale].data ?? {};
    const texts = dataTexts();
    expect(Object.keys(data).filter((text) => !texts.has(text))).toEqual([]);
    const missing = [...texts].filter((text) => !(text in data) && !NAMES.test(text));
    expect(missing).toEqual([]);
  });
});

it('has types for the areas that have files, and no file of another area', () => {
  const source = readFileSync('src/app/i18n/messageAreas.ts', 'utf8');
  const typed = [...source.matchAll(/^ {2}(\w+): typeof import\('\.\/messages\/en\/(\w+)\.json'\)/gm)];
  expect(typed.map(([, area]) => area)).toEqual(typed.map(([, , file]) => file));
  expect(typed.map(([, area]) => area).sort()).toEqual([...AREAS].sort());
  for (const locale of TRANSLATED) {
    expect(Object.keys(TRANSLATIONS[locale]).sort(), locale).toEqual([...AREAS, 'data'].sort());
  }
});

it('has only elements that the page can draw', () => {
  for (const locale of LOCALE_IDS) {
    for (const area of AREAS) {
      for (const text of Object.values(messagesOf(locale, area))) {
        const tags = parse(text, locale).filter(({ type }) => type === TAG);
        for (const { value } of tags) expect(MESSAGE_TAGS).toContain(value);
      }
    }
  }
});

it('keeps to typographic quotes and apostrophes', () => {
  for (const locale of LOCALE_IDS) {
    for (const area of AREAS) {
      for (const [name, text] of Object.entries(messagesOf(locale, area))) {
        expect(text, `${locale} ${area}.${name}`).not.toMatch(/["']|\.\.\./);
      }
    }
  }
});

/** Names of models, licences, collections and files are the same in every language. */
const NAMES =
  /^(Rounds mini|MIT|CC[\w .-]*|Apache-2\.0|Instruct|verl|[\w.-]*(Med|Qwen|VQA|SLAKE|BCCD|GMAI)[\w.-]*( \d\wB?| \dB( Instruct)?| \(Lau.*\)|, README)?|Qwen.* Instruct|ISIC.*|scikit-image .*)$/;

/** All texts for people in the catalogue, the embedded model's card, the samples, presets and reward rules. */
function dataTexts(): Set<string> {
  const read = (path: string): unknown => JSON.parse(readFileSync(`public/${path}`, 'utf8'));
  const texts = new Set<string>();
  const FOR_PEOPLE =
    /^(title|summary|instead|name|limits|variant|trainedFor|harness|set|knows|cannot|what|licence|source)$/;
  const collect = (value: unknown, key: string): void => {
    if (typeof value === 'string' && FOR_PEOPLE.test(key)) texts.add(value);
    else if (Array.isArray(value)) for (const item of value) collect(item, key);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, item] of Object.entries(value)) collect(item, name);
    }
  };
  const catalogue = read('models/catalogue.json') as { harnesses: Record<string, string> };
  for (const text of Object.values(catalogue.harnesses)) texts.add(text);
  for (const file of [catalogue, read('models/rounds-mini/card.json'), read('samples/samples.json')]) {
    collect(file, '');
  }
  for (const { label, note } of PRESETS) texts.add(label).add(note);
  for (const { formula, sentence, advantage } of Object.values(REWARD_RULES)) {
    texts.add(formula).add(sentence).add(advantage.source);
  }
  return texts;
}
