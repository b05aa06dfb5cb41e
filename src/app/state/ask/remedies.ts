/** The ways out of an error that can be taken from anywhere on the page, and asking again with smaller images. */
import { RoundsError } from '../../../shared/errors';
import type { Remedy } from '../../text/errorText';
import { limitsFor, MIN_PIXELS, type Asked } from '../../question/prompting';
import { pickFiles } from '../../browser/pickFiles';
import type { AppState } from '../appState.svelte';
import type { Entry } from './conversation.svelte';

/** What a panel can do about an error; a remedy without a function has no button there. */
export type RemedyActions = Partial<Record<Remedy, () => void>>;

/** Those that need to know nothing about where the error is shown. */
export function remediesOf(app: AppState): RemedyActions {
  const { model, choice } = app;
  return {
    'choose-image': () => void chooseImage(app),
    'use-wasm': () => void model.useBackend('wasm'),
    'open-library': () => app.libraryWish++,
    ...(choice.chosen.kind === 'embedded'
      ? { 'no-cache': () => void model.loadWithoutCache() }
      : { 'use-embedded': () => void choice.useEmbedded() }),
    reload: () => location.reload(),
  };
}

/** Those for a question that failed. */
export function remediesFor(app: AppState, entry: Entry): RemedyActions {
  const { asked } = entry;
  return {
    // Ids mean nothing to another model: then only asking again helps.
    ...(entry.kind === 'answer' && entry.canContinue && entry.error?.code !== 'model_changed'
      ? { 'go-on': () => app.conversation.resume(entry) }
      : { retry: () => app.askAgain(entry) }),
    ...(asked.images.length > 0 && (asked.maxPixels ?? Infinity) > MIN_PIXELS
      ? { 'smaller-images': () => void askWithSmallerImages(app, entry) }
      : {}),
    'edit-question': () => app.edit(entry),
    'edit-settings': () => {
      app.edit(entry);
      app.settings.isOpen = true;
    },
  };
}

/** Another file takes the place of those that could not be read. */
async function chooseImage(app: AppState): Promise<void> {
  const files = await pickFiles();
  if (files.length === 0) return;
  for (const { id, error } of [...app.tray.images]) if (error) app.tray.remove(id);
  app.tray.add(files);
}

/** The same question with half of the pixels that the largest of its images had for the model. */
async function askWithSmallerImages(app: AppState, entry: Entry): Promise<void> {
  const { asked } = entry;
  try {
    const pixels = await largestImage(app, asked);
    const maxPixels = Math.max(Math.floor(pixels / 2), MIN_PIXELS);
    app.askAgain(entry, { maxPixels });
  } catch (thrown) {
    // What keeps the model from being loaded is told above the page already.
    if (RoundsError.from(thrown).code === 'internal') throw thrown;
  }
}

/** Pixels, width × height, of the largest image as the model was given it. */
async function largestImage({ model, engine }: AppState, asked: Asked): Promise<number> {
  await model.ready();
  const imageLimits = limitsFor(asked);
  const sizes = asked.images.map(async (image) => {
    const { resizedWidth, resizedHeight } = await engine.call('preview', { image, imageLimits });
    return resizedWidth * resizedHeight;
  });
  return Math.max(...(await Promise.all(sizes)));
}
