/** The checkpoint's own tokenizer and chat template, run by @huggingface/transformers. */
import { PreTrainedTokenizer } from '@huggingface/transformers';
import { parseBoundedJson } from '../shared/boundedJson';
import { RoundsError } from '../shared/errors';
import type { PackReader, TemplateMessage, Tokenizer } from '../engine/ports';
import { bytesOfEntry } from './byteLevel';

/** Qwen's has 7 to 12 MB, with 152,000 entries and as many merges. */
const TOKENIZER_BUDGET = { maxBytes: 64_000_000, maxValues: 10_000_000 };

/** @throws RoundsError pack_invalid when tokenizer or template are missing or unreadable */
export async function loadTokenizer(pack: PackReader): Promise<Tokenizer> {
  return makeTokenizer({
    tokenizer: await readFile(pack, 'tokenizer.json'),
    tokenizerConfig: await readFile(pack, 'tokenizer_config.json'),
    template: await readFile(pack, 'chat_template.jinja'),
  });
}

/** @throws RoundsError pack_invalid */
export function makeTokenizer(files: {
  tokenizer: Uint8Array;
  tokenizerConfig: Uint8Array;
  template: Uint8Array;
}): Tokenizer {
  const tokenizerJson = parseJson(files.tokenizer, 'tokenizer.json');
  const config = parseJson(files.tokenizerConfig, 'tokenizer_config.json');
  const template = new TextDecoder().decode(files.template);
  let tokenizer: PreTrainedTokenizer;
  try {
    tokenizer = new PreTrainedTokenizer(tokenizerJson, { ...config, chat_template: template });
  } catch (cause) {
    throw new RoundsError('pack_invalid', "The pack's tokenizer can't be read.", { cause });
  }
  return {
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }),
    decode: (ids) =>
      ids.length === 0
        ? ''
        : tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
    bytes: (id) => bytesOf(tokenizer, id),
    render: (messages) => render(tokenizer, messages),
  };
}

function bytesOf({ _tokenizer: core }: PreTrainedTokenizer, id: number): Uint8Array {
  // Added tokens are not in the byte-level alphabet.
  const added = core.get_added_tokens_decoder().get(id);
  if (added) return new TextEncoder().encode(added.content);
  return bytesOfEntry(core.id_to_token(id) ?? '');
}

function render(tokenizer: PreTrainedTokenizer, messages: TemplateMessage[]): string {
  try {
    const options = { tokenize: false, add_generation_prompt: true } as const;
    const rendered: unknown = tokenizer.apply_chat_template(messages, options);
    return String(rendered);
  } catch (cause) {
    throw new RoundsError('request_invalid', "The model's chat template refuses these messages.", { cause });
  }
}

async function readFile(pack: PackReader, file: string): Promise<Uint8Array> {
  const span = pack.manifest.files[file];
  if (!span) throw new RoundsError('pack_invalid', `The pack has no ${file}.`);
  return pack.read(span);
}

function parseJson(bytes: Uint8Array, file: string): object {
  return parseBoundedJson(bytes, `The pack's ${file}`, TOKENIZER_BUDGET, invalid) as object;
}

function invalid(message: string): never {
  throw new RoundsError('pack_invalid', message);
}
