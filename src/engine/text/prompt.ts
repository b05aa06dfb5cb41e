/** Chat messages and image grids → the ids, positions and cache keys that the timeline takes. */
import { RoundsError } from '../../shared/errors';
import type { ModelConfig } from '../../shared/modelConfig';
import type { ChatMessage } from '../../shared/generation';
import { imageTokenCount, mropePositions, type Positions } from '../positions';
import type { TemplateMessage, Tokenizer } from '../ports';
import type { GridThw } from '../preprocess/patchify';

export interface PreparedPrompt extends Positions {
  /** The rendered template, one image placeholder an image. */
  text: string;
  /** Every placeholder repeated to the image's number of tokens. */
  ids: number[];
  /** Row of all image features, one image after another, for each place; −1 for text. */
  featureRows: Int32Array;
  /** See Prompt.keys: the id, or the image's key and the row within it. */
  keys: string[];
}

/** Messages in the form of the template: images lose their pixels and keep their places. */
export function templateMessages(messages: ChatMessage[]): TemplateMessage[] {
  return messages.map(({ role, content }) => ({
    role,
    content:
      typeof content === 'string'
        ? content
        : content.map((part) =>
            part.type === 'text' ? { type: 'text', text: part.text } : { type: 'image' },
          ),
  }));
}

/**
 * @param grids one for each image, in the order in which the messages name them
 * @param imageKeys hash of each image's resized pixels
 * @param continued ids that the open turn of the assistant has already
 * @throws RoundsError request_invalid when the text itself contains image placeholders or there is no message
 */
export function preparePrompt(
  messages: ChatMessage[],
  grids: readonly GridThw[],
  imageKeys: readonly string[],
  tokenizer: Tokenizer,
  model: ModelConfig,
  continued: readonly number[] = [],
): PreparedPrompt {
  if (messages.length === 0) throw new RoundsError('request_invalid', 'There is no message to answer.');
  const text = tokenizer.render(templateMessages(messages));
  const { imagePad, videoPad } = model.tokenIds;
  const merge = model.vision.spatialMergeSize;
  const rendered = tokenizer.encode(text);
  if (rendered.includes(videoPad)) {
    throw new RoundsError(
      'request_invalid',
      'The text contains a video placeholder; videos are not supported.',
    );
  }
  if (rendered.filter((id) => id === imagePad).length !== grids.length) {
    throw new RoundsError(
      'request_invalid',
      'The text contains an image placeholder of its own. Please remove it.',
    );
  }
  const ids: number[] = [];
  const keys: string[] = [];
  const rows: number[] = [];
  let image = 0;
  let row = 0;
  for (const id of [...rendered, ...continued]) {
    if (id !== imagePad) {
      ids.push(id);
      keys.push(String(id));
      rows.push(-1);
      continue;
    }
    const tokens = imageTokenCount(grids[image] ?? [0, 0, 0], merge);
    for (let k = 0; k < tokens; k++) {
      ids.push(imagePad);
      keys.push(`${imageKeys[image] ?? ''}:${k}`);
      rows.push(row++);
    }
    image++;
  }
  const positions = mropePositions(ids, grids, imagePad, merge);
  return { text, ids, keys, featureRows: Int32Array.from(rows), ...positions };
}
