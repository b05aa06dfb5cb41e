/** The questions of a run. Each begins differently, so that no engine finds a part of a prompt in its KV cache. */
import type { GridThw } from '../../engine/preprocess/patchify';
import type { Tokenizer } from '../../engine/ports';
import { preparePrompt } from '../../engine/text/prompt';
import type { ChatMessage } from '../../shared/generation';
import type { HarnessImage, HarnessMessage } from '../../shared/harness';
import type { ModelConfig } from '../../shared/modelConfig';

export interface PeerPrompt {
  messages: ChatMessage[];
  harness: HarnessMessage[];
  /** Rendered, and as ids with image tokens repeated. */
  text: string;
  ids: number[];
}

const QUESTION = 'Explain in two sentences what a chest radiograph shows, and what it cannot show.';
const IMAGE_QUESTION = 'What kind of image is this?';

/** @param grid of the image; null: a question without one */
export function makePrompt(
  number: number,
  { tokenizer, model }: { tokenizer: Tokenizer; model: ModelConfig },
  image: { file: HarnessImage; grid: GridThw } | null,
): PeerPrompt {
  // Numbers of two digits have equal numbers of tokens.
  const system = `${String(number).padStart(2, '0')}: You are a careful assistant.`;
  const text = image ? IMAGE_QUESTION : QUESTION;
  const messages: ChatMessage[] = [
    { role: 'system', content: system },
    {
      role: 'user',
      content: image
        ? [
            { type: 'image', image: { blob: new Blob(), name: image.file.name } },
            { type: 'text', text },
          ]
        : text,
    },
  ];
  const harness: HarnessMessage[] = [
    { role: 'system', content: system },
    {
      role: 'user',
      content: image
        ? [
            { type: 'image', image: image.file },
            { type: 'text', text },
          ]
        : text,
    },
  ];
  const [grids, keys] = image ? [[image.grid], ['image']] : [[], []];
  const prepared = preparePrompt(messages, grids, keys, tokenizer, model);
  return { messages, harness, text: prepared.text, ids: prepared.ids };
}
