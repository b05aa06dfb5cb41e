/** What the visitor decided about keeping cases, and whether this visit is private. */
import { keptText } from '../../browser/keptText';
import { isPrivateVisit, setPrivateVisit } from '../../browser/privateVisit';

/** Nothing is kept before the visitor has said so. */
export type SavingMode = 'unasked' | 'on' | 'off';

export class CasePreferences {
  readonly #keptMode = keptText('rounds.cases');
  readonly #keptOriginals = keptText('rounds.cases.originals');
  #mode = $state<SavingMode>('unasked');
  #keepsOriginals = $state(false);
  #isPrivate = $state(isPrivateVisit());

  constructor() {
    const mode = this.#keptMode.get();
    if (mode === 'on' || mode === 'off') this.#mode = mode;
    this.#keepsOriginals = this.#keptOriginals.get() === 'on';
  }

  /** Whether a case is kept by itself after each answer. */
  get mode(): SavingMode {
    return this.#mode;
  }

  set mode(mode: SavingMode) {
    this.#mode = mode;
    this.#keptMode.set(mode);
  }

  /** Whether DICOM files are kept whole, with what their headers tell of the patient. */
  get keepsOriginals(): boolean {
    return this.#keepsOriginals;
  }

  set keepsOriginals(wanted: boolean) {
    this.#keepsOriginals = wanted;
    this.#keptOriginals.set(wanted ? 'on' : null);
  }

  get isPrivate(): boolean {
    return this.#isPrivate;
  }

  set isPrivate(wanted: boolean) {
    this.#isPrivate = wanted;
    setPrivateVisit(wanted);
  }
}
