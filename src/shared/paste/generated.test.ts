/** Every way to name choices with every way to state the key, in the page's four languages. */
import { describe, expect, it } from 'vitest';
import { FORMS, type Form } from './testing/generated';
import { readPaste } from './readPaste';

interface Made {
  text: string;
  question: string;
  key: number;
  secret: string;
}

function make(form: Form, names: readonly string[], stem: string, state: string, key: number): Made {
  const name = names[key] ?? '';
  const letter = name.replace(/^(?:option|opción) /iu, '').replace(/[^\p{L}\p{N}\p{So}]/gu, '');
  const list = form.options.map((option, i) => `${names[i] ?? ''}${option}`).join('\n');
  const stated = state.replaceAll('{letter}', letter).replaceAll('{text}', form.options[key] ?? '');
  return { text: `${stem}\n${list}\n${stated}`, question: stem, key, secret: 'SECRET' };
}

const CASES = FORMS.flatMap((form) =>
  form.names.map((names) => [form.language, names[0] ?? '', form, names] as const),
);

describe('a question put together', () => {
  it.each(CASES)('in %s, with choices named %j, is read with each key', (_language, _name, form, names) => {
    for (const stem of form.stems) {
      for (const state of form.keys) {
        for (const key of form.options.keys()) {
          const { text, question, secret } = make(form, names, stem, state, key);
          const read = readPaste(text);
          expect(read, text).toMatchObject([{ question, options: form.options, key }]);
          expect([read[0]?.question, ...(read[0]?.options ?? [])].join('\n'), text).not.toContain(secret);
        }
      }
    }
  });

  it.each(CASES)(
    'in %s, with choices named %j, is told from the next one',
    (_language, _name, form, names) => {
      const [stem = ''] = form.stems;
      for (const state of form.keys) {
        const parts = [0, 2, 1].map((key, i) => `${i + 1}. ${make(form, names, stem, state, key).text}`);
        const read = readPaste(parts.join('\n\n'));
        expect(
          read.map(({ question, options, key }) => ({ question, options, key })),
          parts.join('\n\n'),
        ).toEqual([0, 2, 1].map((key) => ({ question: stem, options: form.options, key })));
      }
    },
  );
});
