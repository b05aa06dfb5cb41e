/** The small files of a checkpoint that a pack stores unchanged, and its chat template, normalised to one file. */
import { RoundsError } from '../shared/errors';
import { refuseOtherForms } from './otherForms';
import { decodeJson, decodeText, readBytes, type CheckpointSource } from './source';

/** Qwen's tokenizer.json has 7 to 12 MB; larger files are refused. */
const MAX_TOKENIZER_BYTES = 64_000_000;
const MAX_FILE_BYTES = 16_000_000;
/** A vocabulary of two million entries with as many merges. */
const TOKENIZER_BUDGET = { maxValues: 10_000_000 };
/** Front matter of a README: what is beyond is not read. */
const MAX_CARD_LINES = 500;
const MAX_CARD_LINE = 300;

export interface AuxiliaryFile {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface Auxiliary {
  config: unknown;
  generationConfig: unknown;
  preprocessorConfig: unknown;
  /** In the order in which they are stored at the start of the pack. */
  files: AuxiliaryFile[];
}

/**
 * Reads the configuration, tokenizer and chat template of a checkpoint.
 * @throws RoundsError checkpoint_invalid if config.json, the tokenizer or a chat template is missing or unreadable
 */
export async function readAuxiliary(source: CheckpointSource): Promise<Auxiliary> {
  await refuseOtherForms(source);
  const config = await readRequired(source, 'config.json', 'Choose the folder of a Hugging Face model.');
  const generation = await readBytes(source, 'generation_config.json', MAX_FILE_BYTES);
  const preprocessor = await readPreprocessor(source);
  const tokenizer = await readRequired(
    source,
    'tokenizer.json',
    'Save the tokenizer in the fast format.',
    MAX_TOKENIZER_BYTES,
  );
  decodeJson(tokenizer, 'tokenizer.json', TOKENIZER_BUDGET);
  const tokenizerConfig = await readRequired(
    source,
    'tokenizer_config.json',
    'Download the whole repository.',
  );
  const template = await readChatTemplate(source, decodeJson(tokenizerConfig, 'tokenizer_config.json'));
  const files: [string, Uint8Array<ArrayBuffer> | null][] = [
    ['config.json', config],
    ['generation_config.json', generation],
    ['preprocessor_config.json', preprocessor],
    ['tokenizer.json', tokenizer],
    ['tokenizer_config.json', tokenizerConfig],
    ['chat_template.jinja', new TextEncoder().encode(template)],
  ];
  return {
    config: decodeJson(config, 'config.json'),
    generationConfig: generation && decodeJson(generation, 'generation_config.json'),
    preprocessorConfig: preprocessor && decodeJson(preprocessor, 'preprocessor_config.json'),
    files: files.flatMap(([name, bytes]) => (bytes ? [{ name, bytes }] : [])),
  };
}

async function readRequired(
  source: CheckpointSource,
  name: string,
  action: string,
  maxBytes = MAX_FILE_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBytes(source, name, maxBytes);
  if (bytes === null) throw new RoundsError('checkpoint_invalid', `${source.name} has no ${name}. ${action}`);
  return bytes;
}

/**
 * As transformers does: the image part of a processor_config.json in which transformers 5 saved all processors, else
 * preprocessor_config.json. An older processor_config.json has no image part.
 */
async function readPreprocessor(source: CheckpointSource): Promise<Uint8Array<ArrayBuffer> | null> {
  const whole = await readBytes(source, 'processor_config.json', MAX_FILE_BYTES);
  const image =
    whole &&
    (decodeJson(whole, 'processor_config.json') as { image_processor?: unknown } | null)?.image_processor;
  if (image !== null && image !== undefined) {
    return new TextEncoder().encode(`${JSON.stringify(image, null, 2)}\n`);
  }
  return readBytes(source, 'preprocessor_config.json', MAX_FILE_BYTES);
}

/** Same precedence as in transformers: chat_template.jinja, then chat_template.json, then tokenizer_config.json. */
async function readChatTemplate(source: CheckpointSource, tokenizerConfig: unknown): Promise<string> {
  const jinja = await readBytes(source, 'chat_template.jinja', MAX_FILE_BYTES);
  if (jinja !== null) return decodeText(jinja, 'chat_template.jinja');
  const json = await readBytes(source, 'chat_template.json', MAX_FILE_BYTES);
  const found = (json && templateOf(decodeJson(json, 'chat_template.json'))) ?? templateOf(tokenizerConfig);
  if (found === null) {
    throw new RoundsError(
      'checkpoint_invalid',
      `${source.name} has no chat template (chat_template.jinja, chat_template.json or in tokenizer_config.json). ` +
        'Copy it from the base model.',
    );
  }
  return found;
}

/** `chat_template` is either a single template or a list of named templates; from a list, "default" is used. */
function templateOf(holder: unknown): string | null {
  const template = (holder as { chat_template?: unknown } | null)?.chat_template;
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const named = template as { name?: unknown; template?: unknown }[];
  const chosen = named.find((entry) => entry?.name === 'default')?.template;
  return typeof chosen === 'string' ? chosen : null;
}

/**
 * The licence: the source's own, else the one in README.md's front matter (`license`, or `license_name` if `license`
 * is "other"). Null if neither names one.
 */
export async function readLicense(source: CheckpointSource): Promise<string | null> {
  if (source.license !== null) return source.license;
  const readme = await source.open('README.md');
  if (readme === null) return null;
  // The front matter is at the start of the file; the rest can be long and is not needed.
  const start = await readme.slice(0, Math.min(readme.size, 100_000)).arrayBuffer();
  const lines = new TextDecoder().decode(start).split(/\r?\n/, MAX_CARD_LINES);
  const end = lines.indexOf('---', 1);
  if (lines[0] !== '---' || end < 0) return null;
  const license = cardField(lines.slice(1, end), 'license');
  return license === 'other' ? (cardField(lines.slice(1, end), 'license_name') ?? license) : license;
}

/** The value of `name: value`, without quotes and comment; null for a list or another form. */
function cardField(lines: readonly string[], name: string): string | null {
  const line = lines.find((text) => text.startsWith(`${name}:`));
  if (line === undefined || line.length > MAX_CARD_LINE) return null;
  const value = line.slice(name.length + 1).trim();
  const match = /^(?:"([^"]+)"|'([^']+)'|([^"'#]+?))\s*(?:#|$)/.exec(value);
  return (match?.[1] ?? match?.[2] ?? match?.[3])?.trim().slice(0, 200) ?? null;
}
