/** Converts chat messages and image grids to the ids, positions and cache keys for the timeline. */
import { RoundsError } from '../../shared/errors';
import type { ModelConfig } from '../../shared/modelConfig';
import type { ChatMessage } from '../../shared/generation';
import { imageTokenCount, mropePositions, type Positions } from '../positions';
import type { TemplateMessage, Tokenizer } from '../ports';
import type { GridThw } from '../preprocess/patchify';

export interface PreparedPrompt extends Positions {
  /** The rendered template, with one placeholder per image. */
  text: string;
  /** Ids in which every placeholder is repeated to the image's number of tokens. */
  ids: number[];
  /** For each position, the row in the concatenated image features; −1 for text. */
  featureRows: Int32Array;
  /** As in Prompt.keys: the id, or the image's key and the row within the image. */
  keys: string[];
}

/** Messages for the chat template, in which images are placeholders without pixels. */
function templateMessages(messages: ChatMessage[]): TemplateMessage[] {
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
 * @param grids one per image, in the order of the messages
 * @param imageKeys key of each image's resized pixels
 * @param continued ids that the assistant's open turn already has
 * @throws RoundsError request_invalid if the text itself contains image or video placeholders, or there is no message
 */
export function preparePrompt(
  messages: ChatMessage[],
  grids: readonly GridThw[],
  imageKeys: readonly string[],
  tokenizer: Tokenizer,
  model: ModelConfig,
  continued: readonly number[] = [],
): PreparedPrompt {
  if (messages.length === 0)
    throw new RoundsError('request_invalid', 'The request has no messages. Ask a question.');
  const text = tokenizer.render(templateMessages(messages));
  const { imagePad, videoPad } = model.tokenIds;
  const merge = model.vision.spatialMergeSize;
  const rendered = tokenizer.encode(text);
  if (rendered.includes(videoPad)) {
    throw new RoundsError(
      'request_invalid',
      'The text contains a video placeholder, but videos are not supported. Remove the placeholder.',
    );
  }
  if (rendered.filter((id) => id === imagePad).length !== grids.length) {
    throw new RoundsError('request_invalid', 'The text contains an image placeholder. Remove it.');
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
