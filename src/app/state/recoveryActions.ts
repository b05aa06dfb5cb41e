/** What the buttons next to an error do. */
import { RoundsError } from '../../shared/errors';
import type { RecoveryAction } from '../text/errorText';
import { limitsFor, MIN_PIXELS, type Asked } from '../question/prompting';
import { chosenFiles } from '../browser/foundFiles';
import { pickFiles } from '../browser/pickFiles';
import type { AppState } from './appState.svelte';
import type { Entry } from './ask/conversation.svelte';

/** What a panel can do about an error; an action without a handler has no button there. */
export type RecoveryHandlers = Partial<Record<RecoveryAction, () => void>>;

/** Actions that work wherever the error is shown. */
export function pageRecovery(app: AppState): RecoveryHandlers {
  const { model, choice } = app;
  return {
    'choose-image': () => void chooseImage(app),
    'use-wasm': () => void model.useBackend('wasm'),
    'open-library': () => app.dialogs.open('library'),
    ...(choice.chosen.kind === 'embedded'
      ? { 'no-cache': () => void model.loadWithoutCache() }
      : { 'use-embedded': () => void choice.useEmbedded() }),
    reload: () => location.reload(),
  };
}

/** Actions for a question that failed. */
export function entryRecovery(app: AppState, entry: Entry): RecoveryHandlers {
  const { asked } = entry;
  return {
    // Token ids mean nothing to another model: only asking again helps then.
    ...(entry.kind === 'answer' && entry.canContinue && entry.error?.code !== 'model_changed'
      ? { continue: () => app.conversation.resume(entry) }
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

/** Replaces the images that couldn't be read by files that the visitor picks. */
async function chooseImage(app: AppState): Promise<void> {
  const files = await pickFiles();
  if (files.length === 0) return;
  // The other slices of a stack can still be asked about.
  for (const { id, error, stack } of [...app.tray.images]) if (error && !stack) app.tray.remove(id);
  await app.intake.take(chosenFiles(files));
}

/** Asks the same question with half as many pixels as the model's largest input image had. */
async function askWithSmallerImages(app: AppState, entry: Entry): Promise<void> {
  const { asked } = entry;
  try {
    const pixels = await largestImage(app, asked);
    const maxPixels = Math.max(Math.floor(pixels / 2), MIN_PIXELS);
    app.askAgain(entry, { maxPixels });
  } catch (thrown) {
    // Instead of the error whose button was pressed: that one can't be helped this way.
    entry.error = RoundsError.from(thrown);
  }
}

/** Pixels (width × height) of the largest image, after the resize for the model. */
async function largestImage({ model, engine }: AppState, asked: Asked): Promise<number> {
  await model.ready();
  const imageLimits = limitsFor(asked);
  const sizes = asked.images.map(async (image) => {
    const { resizedWidth, resizedHeight } = await engine.call('preview', { image, imageLimits });
    return resizedWidth * resizedHeight;
  });
  return Math.max(...(await Promise.all(sizes)));
}
