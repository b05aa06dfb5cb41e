/** Models whose chat template or tokenizer does not end are not taken in: in the browser's own throw-away worker. */
import { afterEach, describe, expect, it } from 'vitest';
import { runConversion } from '../../convert/convert';
import { planConversion } from '../../convert/plan';
import {
  memorySource,
  MemorySink,
  textFile,
  tinyFiles,
  type Files,
} from '../../convert/testing/testCheckpoint';
import type { ModelOrigin } from '../../shared/library';
import { openModelStorage } from '../storage/modelStorage';
import { openChannel } from './channel';
import { Library } from './library';
import { openLocks } from './locks';

const storage = openModelStorage();
const library = new Library({
  storage,
  channel: openChannel(),
  locks: openLocks(),
  tab: crypto.randomUUID(),
  onJobs: () => undefined,
  onModels: () => undefined,
});
const origin: ModelOrigin = { kind: 'folder', name: 'tiny', weights: 'q4', recipe: 'plain' };
const ENDLESS = '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}x';
const TOKENIZER = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] },
};

function checkpoint(template: string, pattern?: string): Files {
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  const tokenizer = pattern === undefined ? TOKENIZER : { ...TOKENIZER, pre_tokenizer: split };
  return tinyFiles()
    .set('tokenizer.json', textFile(tokenizer))
    .set('tokenizer_config.json', textFile({ tokenizer_class: 'Qwen2Tokenizer', chat_template: template }));
}

const asFiles = (files: Files): File[] =>
  [...files].map(([name, bytes]) => new File([bytes as BlobPart], name, { lastModified: 1 }));

async function packOf(files: Files): Promise<File[]> {
  const sink = new MemorySink();
  await runConversion(await planConversion(memorySource(files), { weights: 'q4', recipe: 'plain' }), sink);
  return asFiles(new Map([...sink.files, ['pack.json', textFile(sink.manifest ?? '')]]));
}

const nothingStored = async (): Promise<void> => {
  expect((await library.list()).models).toEqual([]);
  const names = (await indexedDB.databases()).map(({ name }) => name ?? '');
  expect(names.filter((name) => name.startsWith('rounds-pack-'))).toEqual([]);
};

afterEach(() => library.deleteAll());

describe('a model is not taken in', () => {
  it('from a folder, where its template does not end: said before anything is converted', async () => {
    const access = { files: asFiles(checkpoint(ENDLESS)) };
    const refusal = {
      code: 'model_refused',
      message: expect.stringMatching(/chat_template\.jinja/) as string,
    };
    await expect(library.plan({ origin, access })).rejects.toMatchObject(refusal);
    await expect(library.add({ origin, access })).rejects.toMatchObject(refusal);
    await nothingStored();
  });

  it('from a folder, where its tokenizer does not end', async () => {
    const access = { files: asFiles(checkpoint('{{ messages[0].content }}', '(a+)+$')) };
    await expect(library.add({ origin, access })).rejects.toMatchObject({
      code: 'model_refused',
      message: expect.stringMatching(/tokenizer\.json/) as string,
    });
    await nothingStored();
  });

  it('from a pack, where its template does not end: nothing of it stays', async () => {
    const files = await packOf(checkpoint(ENDLESS));
    await expect(library.import({ files })).rejects.toMatchObject({ code: 'model_refused' });
    await nothingStored();
  });

  it('but is where both end', async () => {
    const files = await packOf(checkpoint('{{ messages[0].content }}'));
    expect(await library.import({ files })).toMatchObject({ complete: true });
  });
});
