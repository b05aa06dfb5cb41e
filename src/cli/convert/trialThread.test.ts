/** Models whose template or tokenizer does not end, in the thread that the command line uses. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TrialFiles } from '../../runtime/trial/trialSteps';
import { tryModel } from '../../runtime/trial/tryModel';
import { CHECKPOINTS } from '../testing/checkpoints';
import { startTrialThread } from './trialThread';

const FOLDER = join(CHECKPOINTS, 'qwen2_vl');
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function files(change: Partial<TrialFiles> = {}): Promise<TrialFiles> {
  return {
    tokenizer: await readFile(join(FOLDER, 'tokenizer.json')),
    tokenizerConfig: await readFile(join(FOLDER, 'tokenizer_config.json')),
    template: await readFile(join(FOLDER, 'chat_template.jinja')),
    ...change,
  };
}

async function outcome(change: Partial<TrialFiles> = {}): Promise<string> {
  return tryModel('a model', await files(change), startTrialThread).then(
    () => 'taken in',
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );
}

const ENDLESS = `{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}x`;

async function withPattern(pattern: string): Promise<TrialFiles['tokenizer']> {
  const json = JSON.parse(new TextDecoder().decode((await files()).tokenizer)) as Record<string, unknown>;
  json['pre_tokenizer'] = {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    ],
  };
  return encode(JSON.stringify(json));
}

describe('a model is tried before it is taken in', () => {
  it('passes with the published files', async () => expect(await outcome()).toBe('taken in'));

  it('is refused for a template that does not end', async () => {
    const started = performance.now();
    expect(await outcome({ template: encode(ENDLESS) })).toMatch(
      /^model_refused: The chat template \(chat_template\.jinja\) did not end within 2 seconds/,
    );
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it.each(['(a+)+$', '(\\s*\\s*)*x', '(?:[^!]|[a-z0-9])*?\\u0002'])(
    'is refused for the pattern %s',
    async (pattern) => {
      expect(await outcome({ tokenizer: await withPattern(pattern) })).toMatch(
        /^model_refused: The tokenizer \(tokenizer\.json\) did not end/,
      );
    },
  );

  it.each<[string, Partial<TrialFiles>]>([
    ['a template that refuses', { template: encode("{{ raise_exception('no system') }}") }],
    ['a template that is none', { template: encode('{% for %}') }],
    ['a tokenizer that is none', { tokenizer: encode('{}') }],
    ['deep JSON', { tokenizer: encode('['.repeat(1e6)) }],
  ])('passes with %s: that is reported when it is loaded', async (_what, change) => {
    expect(await outcome(change)).toBe('taken in');
  });

  it('ends when it is stopped', async () => {
    const abort = new AbortController();
    const trial = tryModel(
      'a model',
      await files({ template: encode(ENDLESS) }),
      startTrialThread,
      abort.signal,
    );
    setTimeout(() => abort.abort(), 500);
    await expect(trial).rejects.toMatchObject({ code: 'aborted' });
  });
});
