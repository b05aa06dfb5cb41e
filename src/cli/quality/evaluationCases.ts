/** Reads the cases of `quality`: the case file of `infer`, with its images decoded in Node. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RgbImage } from '../../engine/preprocess/resample';
import { decodeImage } from '../../image/decode';
import type { ChatMessage, ContentPart } from '../../shared/generation';
import type { HarnessCase, HarnessPart } from '../../shared/harness';
import { readCases } from '../caseFile';

export interface EvaluationCase {
  messages: ChatMessage[];
  /** In the order of the messages' image parts. */
  images: RgbImage[];
}

/** @throws RoundsError if any case is invalid or an image can't be decoded */
export async function readEvaluationCases(file: string): Promise<EvaluationCase[]> {
  const { cases, files } = readCases(readFileSync(file, 'utf8'), dirname(file));
  return Promise.all(
    cases.map((read) => {
      if (!read.ok) throw read.error;
      return evaluationCase(read.job, (url) => files[`/${url}`] ?? '');
    }),
  );
}

async function evaluationCase(job: HarnessCase, pathOf: (url: string) => string): Promise<EvaluationCase> {
  const { messages } = job.prompt;
  const images: RgbImage[] = [];
  for (const { content } of messages) {
    if (typeof content === 'string') continue;
    for (const part of content) {
      if (part.type === 'image') {
        images.push(
          await decodeImage(new Blob([readFileSync(pathOf(part.image.url))]), { name: part.image.name }),
        );
      }
    }
  }
  return {
    messages: messages.map(({ role, content }) => ({
      role,
      content: typeof content === 'string' ? content : content.map(chatPart),
    })),
    images,
  };
}

/** The engine gets decoded images separately, so the blob stays empty. */
function chatPart(part: HarnessPart): ContentPart {
  if (part.type === 'text') return part;
  return { type: 'image', image: { blob: new Blob(), name: part.image.name } };
}
