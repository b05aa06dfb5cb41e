/** The checkpoint's own tokenizer and chat template, run by @huggingface/transformers. */
import { PreTrainedTokenizer } from '@huggingface/transformers';
import { RoundsError } from '../shared/errors';
import type { PackReader, TemplateMessage, Tokenizer } from '../engine/ports';
import { bytesOfEntry } from './byteLevel';

/** @throws RoundsError pack_invalid when tokenizer or template are missing or unreadable */
export async function loadTokenizer(pack: PackReader): Promise<Tokenizer> {
  const tokenizerJson = await readJson(pack, 'tokenizer.json');
  const config = await readJson(pack, 'tokenizer_config.json');
  const template = await readText(pack, 'chat_template.jinja');
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

async function readText(pack: PackReader, file: string): Promise<string> {
  const span = pack.manifest.files[file];
  if (!span) throw new RoundsError('pack_invalid', `The pack has no ${file}.`);
  return new TextDecoder().decode(await pack.read(span));
}

async function readJson(pack: PackReader, file: string): Promise<object> {
  try {
    return JSON.parse(await readText(pack, file)) as object;
  } catch (cause) {
    if (cause instanceof RoundsError) throw cause;
    throw new RoundsError('pack_invalid', `The pack's ${file} is not JSON.`, { cause });
  }
}
