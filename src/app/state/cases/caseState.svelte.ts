/** The cases of the page: which case a question belongs to, opening a case, starting a new one, print and export. */
import { RoundsError } from '../../../shared/errors';
import type { ImageInput } from '../../../shared/generation';
import type { EngineApi } from '../../clients/engineClient';
import type { FullCase } from '../../cases/caseFile';
import { blobOf, buildCase } from './buildCase';
import { CaseImages } from './caseImages';
import { CasePreferences } from './casePreferences.svelte';
import { CaseList } from './caseList.svelte';
import { CaseTransfer } from './caseTransfer.svelte';
import type { Dialogs } from '../dialogs.svelte';
import type { Conversation, Entry } from '../ask/conversation.svelte';
import type { Draft } from '../ask/draft.svelte';
import type { Turn } from '../ask/turn.svelte';
import type { ImageTray } from '../images/imageTray.svelte';
import { inputOf, restoreEntries } from './savedEntries';
import type { Settings } from '../settings.svelte';
import type { Workspace } from '../workspace.svelte';

export interface CaseStateOptions {
  engine: EngineApi;
  settings: Settings;
  draft: Draft;
  tray: ImageTray;
  dialogs: Dialogs;
  workspace: Workspace;
  conversation: () => Conversation;
}

export class CaseState {
  readonly preferences = new CasePreferences();
  readonly list: CaseList;
  readonly transfer: CaseTransfer;
  readonly images: CaseImages;
  readonly #options: CaseStateOptions;

  constructor(options: CaseStateOptions) {
    this.#options = options;
    this.images = new CaseImages(options.engine);
    const { preferences, images } = this;
    this.list = new CaseList({
      images,
      preferences,
      conversation: options.conversation,
      onRemoved: (ids) => this.#removeFromPage(ids),
    });
    this.transfer = new CaseTransfer(this.list, images);
  }

  get #conversation(): Conversation {
    return this.#options.conversation();
  }

  /** Questions about the same images belong to one case. @returns the shown case’s id, or undefined for a new case */
  idFor(images: readonly ImageInput[]): string | undefined {
    const { shown } = this.#conversation;
    if (!shown) return undefined;
    const known = this.#conversation.entriesOf(shown.caseId).flatMap(({ asked }) => asked.images);
    const { tray } = this.#options;
    const isKnown = ({ blob }: ImageInput): boolean =>
      known.some((image) => image.blob === blob || tray.isSameStack(image.blob, blob));
    return images.some(isKnown) ? shown.caseId : undefined;
  }

  /** Clears images and form for another case; the questions of this one stay in the list of earlier questions. */
  startNewCase(): void {
    const { draft, tray, dialogs, workspace } = this.#options;
    workspace.replace(() => {
      tray.restore([]);
      draft.follow(null);
      this.#conversation.showNone();
    });
    dialogs.focusQuestion();
  }

  /** Opens a saved case as it was left. Never rejects. @returns false if it couldn't be read: see `list.problem` */
  async open(id: string): Promise<boolean> {
    try {
      const thumbnail = this.list.summaries.find((summary) => summary.id === id)?.thumbnail ?? '';
      this.show(await this.list.read(id), thumbnail);
      return true;
    } catch (thrown) {
      this.list.problem = RoundsError.from(thrown);
      return false;
    }
  }

  /**
   * Brings the answers of a saved case back to the page, and leaves the form as it is. Never rejects.
   * @returns the answer with this uid; null if it isn't saved
   */
  async recall(id: string, uid: string): Promise<Turn | null> {
    try {
      const full = await this.list.read(id);
      this.#conversation.restore(this.#entriesOf(full, ''));
      const entry = this.#conversation.turns.find((turn) => turn.uid === uid);
      if (entry?.kind !== 'answer') return null;
      this.#conversation.show(entry.id);
      return entry;
    } catch {
      // Deleted meanwhile, or never saved.
      return null;
    }
  }

  /** Shows a case, whether it is saved here or not. */
  show(full: FullCase, thumbnail = ''): void {
    const entries = this.#entriesOf(full, thumbnail);
    this.#options.workspace.replace(() => {
      this.#conversation.restore(entries);
      const { shown } = this.#conversation;
      if (shown) this.#restoreForm(shown);
    });
  }

  /** The shown case, saved or not, for printing, export and copying; null if nothing is shown. */
  async current(): Promise<FullCase | null> {
    const { shown } = this.#conversation;
    if (!shown) return null;
    const entries = this.#conversation.entriesOf(shown.caseId).filter(({ isOver }) => isOver);
    const built = await buildCase(entries, this.images, this.preferences.savesOriginals);
    if (!this.list.isStored(shown.caseId)) return built;
    const { title, notes, changedAt } = (await this.list.read(shown.caseId)).record;
    return { ...built, record: { ...built.record, title, notes, changedAt } };
  }

  /** Opens the dialog for printing (the first case) or export. @param ids saved cases; none for the one on the page */
  async openDialog(name: 'print' | 'export', ids: readonly string[] = []): Promise<void> {
    try {
      const shown = ids.length === 0 ? await this.current() : null;
      const cases = shown ? [shown] : [];
      for (const id of ids) cases.push(await this.list.read(id));
      const [first] = cases;
      if (!first) return;
      if (name === 'print') this.#options.dialogs.open('print', first);
      else this.#options.dialogs.open('export', cases);
    } catch (thrown) {
      this.list.problem = RoundsError.from(thrown);
    }
  }

  /** Imports dropped or picked files; in a private visit their cases are only shown. Never rejects. */
  async importFiles(files: readonly File[]): Promise<void> {
    this.#options.dialogs.open('cases');
    if (!this.preferences.isPrivate) return this.transfer.importFiles(files);
    for (const full of await this.transfer.readFiles(files)) this.show(full);
  }

  /** Removes deleted cases from the page, and from the form if it follows one of them. */
  #removeFromPage(ids: readonly string[]): void {
    const { draft } = this.#options;
    if (draft.follows && ids.includes(draft.follows.caseId)) draft.follows = null;
    for (const id of ids) this.#conversation.remove(id);
  }

  #entriesOf({ record, images }: FullCase, thumbnail: string): Entry[] {
    const inputs = record.images.map((image) => {
      const blob = blobOf(images, image);
      const input = inputOf(image, blob);
      this.images.remember(input, { image, blob, thumbnail });
      return input;
    });
    return restoreEntries(record, inputs);
  }

  /** Restores form, images and settings as they were when this was asked. */
  #restoreForm(entry: Entry): void {
    const { draft, tray, settings, dialogs } = this.#options;
    const chain = [...entry.ancestors, entry].map(({ asked }) => asked.images);
    tray.restore(chain.findLast((images) => images.length > 0) ?? []);
    settings.presetId = entry.asked.presetId;
    settings.changeSampling(entry.asked.sampling);
    draft.edit(entry.asked, entry.parent);
    dialogs.focusQuestion();
    tray.reread();
  }
}
