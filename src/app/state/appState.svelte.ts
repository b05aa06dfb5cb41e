/** Everything the page knows, made once in main.ts and handed down by context. */
import { createContext } from 'svelte';
import { RoundsError } from '../../shared/errors';
import type { BackendName, PackLocation } from '../../shared/protocol';
import { findPreset, type PresetId } from '../../shared/presets';
import type { EngineApi } from '../engineClient';
import type { LibraryApi } from '../libraryClient';
import type { Asked } from '../prompting';
import { fetchSample, fetchSamples, type Sample } from '../samples';
import type { Suggestion } from '../suggestions';
import { Conversation } from './conversation.svelte';
import { Draft, MIN_OPTIONS } from './draft.svelte';
import { LibraryState } from './library.svelte';
import { ModelChoice } from './modelChoice.svelte';
import { ImageTray } from './imageTray.svelte';
import { ModelState } from './modelState.svelte';
import { Settings } from './settings.svelte';

export interface AppOptions {
  engine: EngineApi;
  library: LibraryApi;
  /** Folder of pack.json, relative to the page. */
  packUrl: string;
  backend: BackendName | 'auto';
}

export class AppState {
  readonly settings = new Settings();
  readonly draft = new Draft();
  readonly model: ModelState;
  readonly tray: ImageTray;
  readonly conversation: Conversation;
  readonly library: LibraryState;
  /** Which model is used, now and on the next visit. */
  readonly choice: ModelChoice;
  readonly packUrl: string;

  samples = $state.raw<readonly Sample[]>([]);
  samplesError = $state.raw<RoundsError | null>(null);

  /** What is missing before the question can be asked, as a sentence; empty when nothing is. */
  missing = $derived.by(() => {
    if (this.tray.images.length === 0) return 'Add an image, or take a sample.';
    if (this.tray.readable.length === 0) return 'Replace the image that could not be read.';
    if (this.draft.question.trim() === '') return 'Write a question.';
    if (this.draft.hasOptions && this.draft.filled.length < MIN_OPTIONS)
      return 'Fill in at least two choices.';
    if (this.model.status === 'failed') return 'The model is not loaded.';
    return '';
  });
  canAsk = $derived.by(() => this.missing === '' && this.conversation.running === null);

  constructor({ engine, library, packUrl, backend }: AppOptions) {
    this.packUrl = packUrl;
    const embedded = embeddedPack(packUrl);
    this.model = new ModelState(engine, embedded, backend, () => this.tray.reread());
    this.tray = new ImageTray(engine, () => findPreset(this.settings.presetId).imageLimits);
    this.conversation = new Conversation(engine, () => this.model.ready());
    this.library = new LibraryState({ library, engine });
    this.choice = new ModelChoice({
      model: this.model,
      embedded,
      listStored: () => this.library.listStored(),
      entryOf: (repo) => this.library.entryOf(repo),
      usePreset: (preset) => this.usePreset(preset),
    });
  }

  start(): void {
    void this.choice.start();
    void this.loadSamples();
  }

  async loadSamples(): Promise<void> {
    try {
      this.samples = await fetchSamples();
      this.samplesError = null;
    } catch (thrown) {
      this.samplesError = RoundsError.from(thrown);
    }
  }

  async takeSample(sample: Sample): Promise<void> {
    try {
      const blob = await fetchSample(sample);
      this.tray.useSample(blob, sample);
      this.draft.useSample(sample);
      this.samplesError = null;
    } catch (thrown) {
      this.samplesError = RoundsError.from(thrown);
    }
  }

  takeSuggestion(suggestion: Suggestion): void {
    this.draft.useSuggestion(suggestion);
  }

  usePreset(id: PresetId): void {
    this.settings.presetId = id;
    this.tray.reread();
  }

  ask(): void {
    if (this.canAsk) void this.conversation.ask(this.#compose());
  }

  /** The same question to the same images once more, whatever is in the form by now. */
  askAgain(asked: Asked): void {
    void this.conversation.ask({ ...asked, sampling: this.settings.sampling });
  }

  #compose(): Asked {
    const { draft, settings, tray } = this;
    return {
      question: draft.question.trim(),
      options: draft.filled.map((option) => option.text.trim()),
      key: draft.keyIndex >= 0 ? draft.keyIndex : null,
      presetId: settings.presetId,
      sampling: settings.sampling,
      images: tray.readable.map((image) => image.toInput()),
    };
  }
}

/** The pack that is published with the page. */
function embeddedPack(packUrl: string): PackLocation {
  return { kind: 'url', url: new URL(packUrl, document.baseURI).href, cache: true };
}

export const [getApp, setApp] = createContext<AppState>();
