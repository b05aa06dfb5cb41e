/**
 * What every error code means to the person in front of the page: a sentence, and what to do about it.
 * docs/errors.md shows the same table; errorText.test.ts keeps the two in step.
 */
import type { ErrorCode } from '../../shared/errors';

/** What the panel's button does; `none` has no button because the way out is elsewhere on the page. */
export type Remedy = 'retry' | 'use-wasm' | 'no-cache' | 'reload' | 'none';

export interface ErrorText {
  sentence: string;
  action: string;
  remedy: Remedy;
}

export const ERROR_TEXT: Readonly<Record<ErrorCode, ErrorText>> = {
  webgpu_unavailable: {
    sentence: 'This browser offers no WebGPU adapter, so the model can’t run on the graphics processor.',
    action: 'Run it with WebAssembly instead: slower, but it works everywhere.',
    remedy: 'use-wasm',
  },
  feature_missing: {
    sentence: 'The graphics processor lacks something that this model needs.',
    action: 'Run it with WebAssembly instead: slower, but it works everywhere.',
    remedy: 'use-wasm',
  },
  device_lost: {
    sentence: 'The graphics processor was reset or taken away, and the model with it.',
    action: 'The model is loaded again by itself. Your images and your question are kept: try again.',
    remedy: 'retry',
  },
  self_test_failed: {
    sentence: 'The graphics processor computes wrong numbers for this model, so it is not used.',
    action:
      'Run it with WebAssembly instead, or try again after an update of the browser or the graphics driver.',
    remedy: 'use-wasm',
  },
  out_of_memory: {
    sentence: 'There was not enough memory for this.',
    action: 'Close other tabs, or ask about fewer or smaller images, and try again.',
    remedy: 'retry',
  },
  download_failed: {
    sentence: 'The model could not be fetched.',
    action: 'Check the connection and try again.',
    remedy: 'retry',
  },
  integrity_mismatch: {
    sentence: 'A part of the model is not what its maker published, so none of it was used.',
    action: 'Try again to fetch it anew. If this stays, the copy on this site is damaged.',
    remedy: 'retry',
  },
  storage_quota: {
    sentence: 'The browser has no room left to keep the model.',
    action: 'Free some space, or go on without keeping it: it is then fetched on every visit.',
    remedy: 'no-cache',
  },
  storage_failed: {
    sentence: 'The browser did not let the app keep the model; private windows often forbid it.',
    action: 'Go on without keeping it: it is then fetched on every visit.',
    remedy: 'no-cache',
  },
  model_missing: {
    sentence: 'This model is no longer kept in this browser, or not all of it.',
    action: 'Choose it in the model library to fetch what is missing, or use another model.',
    remedy: 'none',
  },
  checkpoint_invalid: {
    sentence: 'These model files are incomplete or damaged.',
    action: 'Fetch or copy them again, and try again.',
    remedy: 'retry',
  },
  model_unsupported: {
    sentence: 'This is a kind of model that the app can’t run.',
    action: 'Choose a model of the Qwen2.5-VL or Qwen2-VL kind.',
    remedy: 'none',
  },
  pack_invalid: {
    sentence: 'The description of the model on this site is damaged.',
    action: 'Try again. If this stays, the model has to be converted and published anew.',
    remedy: 'retry',
  },
  case_invalid: {
    sentence: 'This file holds no cases that can be opened here.',
    action: 'Export the cases again, with the same version of the page, and import that file.',
    remedy: 'none',
  },
  image_invalid: {
    sentence: 'This file can’t be read as an image.',
    action: 'It may be damaged, or something else under an image’s name. Choose another file.',
    remedy: 'none',
  },
  image_unsupported: {
    sentence: 'This kind of image can’t be read here.',
    action: 'Save it as PNG or JPEG, and choose that.',
    remedy: 'none',
  },
  image_too_large: {
    sentence: 'This image is too large, or too narrow, for the model.',
    action: 'Crop it or make it smaller, and choose it again.',
    remedy: 'none',
  },
  request_invalid: {
    sentence: 'The model can’t take the question in this form.',
    action: 'Change the question, the choices or the settings, and ask again.',
    remedy: 'none',
  },
  context_overflow: {
    sentence: 'The images and the question are longer than the model can hold.',
    action: 'Use fewer images, a shorter question, or a smaller limit for the answer.',
    remedy: 'none',
  },
  aborted: {
    sentence: 'Stopped.',
    action: 'Nothing is lost: ask again when you like.',
    remedy: 'retry',
  },
  worker_crashed: {
    sentence: 'The engine stopped unexpectedly.',
    action: 'It starts anew by itself. Your images and your question are kept: try again.',
    remedy: 'retry',
  },
  internal: {
    sentence: 'Something went wrong inside the app.',
    action: 'Try again. If it comes back, reload the page; the details below help to report it.',
    remedy: 'retry',
  },
};

export const REMEDY_LABEL: Readonly<Record<Exclude<Remedy, 'none'>, string>> = {
  retry: 'Try again',
  'use-wasm': 'Use WebAssembly',
  'no-cache': 'Go on without keeping it',
  reload: 'Reload the page',
};
