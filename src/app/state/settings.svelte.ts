/** The visitor's preferences, in localStorage. Never anything about an image or a question. */
import { isPrivateVisit } from '../browser/privateVisit';
import { PRESET_IDS, type PresetId } from '../../shared/presets';
import type { SamplingChoice } from '../question/prompting';

export type Theme = 'system' | 'light' | 'dark';

const STORAGE_KEY = 'rounds.settings';
const DEFAULT_SAMPLING: SamplingChoice = {
  maxNewTokens: null,
  temperature: null,
  topP: null,
  topK: null,
  repetitionPenalty: null,
  seed: 42,
};
/** As in training: MedVLM-R1 uses groups of 4, and all systems use temperature 1. */
const DEFAULT_ROLLOUTS: RolloutChoice = { count: 4, temperature: 1 };

export interface RolloutChoice {
  /** 2 to 16. */
  count: number;
  temperature: number;
}

interface Stored {
  theme: Theme;
  contrast: boolean;
  presetId: PresetId;
  sampling: SamplingChoice;
  rollouts: RolloutChoice;
  probabilities: boolean;
  thinkingOpen: boolean | null;
}

export class Settings {
  #theme = $state<Theme>('system');
  #contrast = $state(false);
  #systemContrast = $state(false);
  #presetId = $state<PresetId>('medvlthinker');
  #sampling = $state.raw<SamplingChoice>(DEFAULT_SAMPLING);
  #rollouts = $state.raw<RolloutChoice>(DEFAULT_ROLLOUTS);
  #probabilities = $state(false);
  #thinkingOpen = $state<boolean | null>(null);
  /** Whether the settings of the next question are shown. Not stored. */
  isOpen = $state(false);

  constructor() {
    const stored = readStored();
    if (stored.theme) this.#theme = stored.theme;
    // The preset may have been removed since it was chosen.
    if (stored.presetId && PRESET_IDS.includes(stored.presetId)) this.#presetId = stored.presetId;
    if (stored.sampling) this.#sampling = { ...DEFAULT_SAMPLING, ...stored.sampling };
    if (stored.rollouts) this.#rollouts = { ...DEFAULT_ROLLOUTS, ...stored.rollouts };
    this.#probabilities = stored.probabilities === true;
    this.#thinkingOpen = stored.thinkingOpen ?? null;
    this.#contrast = stored.contrast === true;
    this.#applyTheme();
    this.#followSystem();
  }

  get theme(): Theme {
    return this.#theme;
  }
  set theme(theme: Theme) {
    this.#theme = theme;
    this.#applyTheme();
    this.#store();
  }

  /** High contrast chosen by the visitor. */
  get contrast(): boolean {
    return this.#contrast;
  }
  set contrast(wanted: boolean) {
    this.#contrast = wanted;
    this.#applyTheme();
    this.#store();
  }

  /** High contrast set in the operating system. */
  get systemContrast(): boolean {
    return this.#systemContrast;
  }

  get presetId(): PresetId {
    return this.#presetId;
  }
  set presetId(id: PresetId) {
    this.#presetId = id;
    this.#store();
  }

  get sampling(): SamplingChoice {
    return this.#sampling;
  }
  changeSampling(change: Partial<SamplingChoice>): void {
    this.#sampling = { ...this.#sampling, ...change };
    this.#store();
  }

  get rollouts(): RolloutChoice {
    return this.#rollouts;
  }
  changeRollouts(change: Partial<RolloutChoice>): void {
    this.#rollouts = { ...this.#rollouts, ...change };
    this.#store();
  }

  /** Whether the probability of each token is reported while an answer is written. */
  get probabilities(): boolean {
    return this.#probabilities;
  }
  set probabilities(wanted: boolean) {
    this.#probabilities = wanted;
    this.#store();
  }

  /** Whether thinking stays open once the answer starts; null if the visitor hasn't chosen. */
  get thinkingOpen(): boolean | null {
    return this.#thinkingOpen;
  }
  set thinkingOpen(open: boolean) {
    this.#thinkingOpen = open;
    this.#store();
  }

  #applyTheme(): void {
    const root = document.documentElement;
    if (this.#theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = this.#theme;
    if (this.#contrast || this.#systemContrast) root.dataset['contrast'] = 'more';
    else delete root.dataset['contrast'];
  }

  /** Here rather than in a media query, so that the colours of high contrast are defined once. */
  #followSystem(): void {
    const query = matchMedia('(prefers-contrast: more)');
    const follow = (): void => {
      this.#systemContrast = query.matches;
      this.#applyTheme();
    };
    query.addEventListener('change', follow);
    follow();
  }

  #store(): void {
    if (isPrivateVisit()) return;
    const stored: Stored = {
      theme: this.#theme,
      contrast: this.#contrast,
      presetId: this.#presetId,
      sampling: this.#sampling,
      rollouts: this.#rollouts,
      probabilities: this.#probabilities,
      thinkingOpen: this.#thinkingOpen,
    };
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(stored));
    } catch {
      // Storage is blocked or full: the choice lasts for this visit.
    }
  }
}

function readStored(): Partial<Stored> {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') as Partial<Stored>;
  } catch {
    return {};
  }
}
