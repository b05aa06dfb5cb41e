/** What the visitor prefers, kept in localStorage: small, and never anything about an image or a question. */
import { PRESET_IDS, type PresetId } from '../../shared/presets';
import type { SamplingChoice } from '../prompting';

export type Theme = 'system' | 'light' | 'dark';

const STORAGE_KEY = 'rounds.settings';
const DEFAULT_SAMPLING: SamplingChoice = { maxNewTokens: null, temperature: null, seed: 42 };

interface Stored {
  theme: Theme;
  presetId: PresetId;
  sampling: SamplingChoice;
}

export class Settings {
  #theme = $state<Theme>('system');
  #presetId = $state<PresetId>('medvlthinker');
  #sampling = $state.raw<SamplingChoice>(DEFAULT_SAMPLING);

  constructor() {
    const stored = readStored();
    if (stored.theme) this.#theme = stored.theme;
    // A preset may be gone since it was chosen.
    if (stored.presetId && PRESET_IDS.includes(stored.presetId)) this.#presetId = stored.presetId;
    if (stored.sampling) this.#sampling = { ...DEFAULT_SAMPLING, ...stored.sampling };
    this.#applyTheme();
  }

  get theme(): Theme {
    return this.#theme;
  }
  set theme(theme: Theme) {
    this.#theme = theme;
    this.#applyTheme();
    this.#store();
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

  #applyTheme(): void {
    const root = document.documentElement;
    if (this.#theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = this.#theme;
  }

  #store(): void {
    const stored: Stored = { theme: this.#theme, presetId: this.#presetId, sampling: this.#sampling };
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(stored));
    } catch {
      // Storage is blocked or full: the choice holds for this visit.
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
