/** The visitor's choices about saving cases, and whether this visit is private. */
import { storedText } from '../../browser/storedText';
import { isPrivateVisit, setPrivateVisit } from '../../browser/privateVisit';

/** `unasked`: nothing is saved until the visitor has chosen. */
export type SavingMode = 'unasked' | 'on' | 'off';

export class CasePreferences {
  readonly #storedMode = storedText('rounds.cases');
  readonly #storedOriginals = storedText('rounds.cases.originals');
  #mode = $state<SavingMode>('unasked');
  #savesOriginals = $state(false);
  #isPrivate = $state(isPrivateVisit());

  constructor() {
    const mode = this.#storedMode.get();
    if (mode === 'on' || mode === 'off') this.#mode = mode;
    this.#savesOriginals = this.#storedOriginals.get() === 'on';
  }

  /** Whether cases are saved automatically after each answer. */
  get mode(): SavingMode {
    return this.#mode;
  }

  set mode(mode: SavingMode) {
    this.#mode = mode;
    this.#storedMode.set(mode);
  }

  /** Whether DICOM files are saved as they are, including headers that may identify the patient. */
  get savesOriginals(): boolean {
    return this.#savesOriginals;
  }

  set savesOriginals(wanted: boolean) {
    this.#savesOriginals = wanted;
    this.#storedOriginals.set(wanted ? 'on' : null);
  }

  get isPrivate(): boolean {
    return this.#isPrivate;
  }

  set isPrivate(wanted: boolean) {
    this.#isPrivate = wanted;
    setPrivateVisit(wanted);
  }
}
