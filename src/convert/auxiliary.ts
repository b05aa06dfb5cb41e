/** The small files of a checkpoint that a pack stores unchanged, and its chat template, normalised to one file. */
import { RoundsError } from '../shared/errors';
import { decodeJson, decodeText, readBytes, type CheckpointSource } from './source';

/** Qwen's tokenizer.json has 7 to 12 MB; larger files are refused. */
const MAX_TOKENIZER_BYTES = 64_000_000;
const MAX_FILE_BYTES = 16_000_000;

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
  const config = await readRequired(source, 'config.json', 'Choose the folder of a Hugging Face model.');
  const generation = await readBytes(source, 'generation_config.json', MAX_FILE_BYTES);
  const preprocessor = await readPreprocessor(source);
  const tokenizer = await readRequired(
    source,
    'tokenizer.json',
    'Save the tokenizer in the fast format.',
    MAX_TOKENIZER_BYTES,
  );
  decodeJson(tokenizer, 'tokenizer.json');
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

/** transformers 5 may save all processors in one processor_config.json; only its image part is used. */
async function readPreprocessor(source: CheckpointSource): Promise<Uint8Array<ArrayBuffer> | null> {
  const own = await readBytes(source, 'preprocessor_config.json', MAX_FILE_BYTES);
  if (own !== null) return own;
  const whole = await readBytes(source, 'processor_config.json', MAX_FILE_BYTES);
  const image =
    whole &&
    (decodeJson(whole, 'processor_config.json') as { image_processor?: unknown } | null)?.image_processor;
  return image ? new TextEncoder().encode(`${JSON.stringify(image, null, 2)}\n`) : null;
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
  const text = new TextDecoder().decode(start);
  const frontMatter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1] ?? '';
  const field = (name: string): string | null =>
    new RegExp(`^${name}:[ \\t]*["']?([^"'\\r\\n#]{1,200}?)["']?[ \\t]*(?:#.*)?$`, 'm')
      .exec(frontMatter)?.[1]
      ?.trim() ?? null;
  const license = field('license');
  return license === 'other' ? (field('license_name') ?? license) : license;
}
