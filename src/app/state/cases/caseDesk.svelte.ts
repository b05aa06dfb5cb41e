/** What belongs to cases, put together: which case a question is of, opening one, beginning a new one. */
import { RoundsError } from '../../../shared/errors';
import type { ImageInput } from '../../../shared/generation';
import type { EngineApi } from '../../clients/engineClient';
import type { FullCase } from '../../cases/caseFile';
import { blobOf, buildCase } from './buildCase';
import { CaseImages } from './caseImages';
import { CasePreferences } from './casePreferences.svelte';
import { Cases } from './cases.svelte';
import { CaseTransfer } from './caseTransfer.svelte';
import type { Conversation, Entry } from '../ask/conversation.svelte';
import type { Draft } from '../ask/draft.svelte';
import type { ImageTray } from '../images/imageTray.svelte';
import { inputOf, restoreEntries } from './savedEntries';
import type { Settings } from '../settings.svelte';

export interface CaseDeskOptions {
  engine: EngineApi;
  settings: Settings;
  draft: Draft;
  tray: ImageTray;
  conversation: () => Conversation;
}

export class CaseDesk {
  readonly preferences = new CasePreferences();
  readonly list: Cases;
  readonly transfer: CaseTransfer;
  readonly images: CaseImages;
  /** What a dialog is to be opened for: how to print, or what to export. */
  wish = $state.raw<{ kind: 'print' | 'export'; cases: readonly FullCase[] } | null>(null);
  /** Counts the wishes to see the list of cases. */
  listWish = $state(0);
  readonly #options: CaseDeskOptions;

  constructor(options: CaseDeskOptions) {
    this.#options = options;
    this.images = new CaseImages(options.engine);
    const { preferences, images } = this;
    this.list = new Cases({
      images,
      preferences,
      conversation: options.conversation,
      forget: (ids) => this.#forget(ids),
    });
    this.transfer = new CaseTransfer(this.list, images);
  }

  get #conversation(): Conversation {
    return this.#options.conversation();
  }

  /** Questions about the same images are one case. @returns the shown case’s id, or undefined for a new case */
  idFor(images: readonly ImageInput[]): string | undefined {
    const { shown } = this.#conversation;
    if (!shown) return undefined;
    const known = this.#conversation.entriesOf(shown.caseId).flatMap(({ asked }) => asked.images);
    return images.some(({ blob }) => known.some((image) => image.blob === blob)) ? shown.caseId : undefined;
  }

  /** Clears the desk for another case; what was asked stays among the earlier questions. */
  begin(): void {
    const { draft, tray } = this.#options;
    tray.restore([]);
    draft.follow(null);
    draft.focusWish++;
    this.#conversation.showNone();
  }

  /** Puts a kept case back as it was left. Never rejects. @returns false where it could not be read: see `list.problem` */
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

  /** Shows a case that need not be kept here. */
  show({ record, images }: FullCase, thumbnail = ''): void {
    const inputs = record.images.map((image) => {
      const blob = blobOf(images, image);
      const input = inputOf(image, blob);
      this.images.adopt(input, { image, blob, thumbnail });
      return input;
    });
    this.#conversation.restore(restoreEntries(record, inputs));
    const { shown } = this.#conversation;
    if (shown) this.#layOut(shown);
  }

  /** The shown case, whether it is kept or not, for printing, export and copying. */
  async current(): Promise<FullCase | null> {
    const { shown } = this.#conversation;
    if (!shown) return null;
    const entries = this.#conversation.entriesOf(shown.caseId).filter(({ isOver }) => isOver);
    const built = await buildCase(entries, this.images, this.preferences.keepsOriginals);
    if (!this.list.isKept(shown.caseId)) return built;
    const { title, notes, changedAt } = (await this.list.read(shown.caseId)).record;
    return { ...built, record: { ...built.record, title, notes, changedAt } };
  }

  /** Opens the dialog for printing or export. @param ids kept cases; none for the one on the page */
  async ask(kind: 'print' | 'export', ids: readonly string[] = []): Promise<void> {
    try {
      const shown = ids.length === 0 ? await this.current() : null;
      const cases = shown ? [shown] : [];
      for (const id of ids) cases.push(await this.list.read(id));
      if (cases.length > 0) this.wish = { kind, cases };
    } catch (thrown) {
      this.list.problem = RoundsError.from(thrown);
    }
  }

  /** A dropped or picked file: kept, or, in a private visit, only shown. Never rejects. */
  async bringIn(file: Blob): Promise<void> {
    this.listWish++;
    if (!this.preferences.isPrivate) return this.transfer.importFile(file);
    const cases = await this.transfer.readFile(file);
    for (const full of cases) this.show(full);
  }

  /** Takes deleted cases off the page, and whatever would go on with them. */
  #forget(ids: readonly string[]): void {
    const { draft } = this.#options;
    if (draft.follows && ids.includes(draft.follows.caseId)) draft.follows = null;
    for (const id of ids) this.#conversation.drop(id);
  }

  /** Form, images and settings as they were when this was asked. */
  #layOut(entry: Entry): void {
    const { draft, tray, settings } = this.#options;
    const chain = [...entry.ancestors, entry].map(({ asked }) => asked.images);
    tray.restore(chain.findLast((images) => images.length > 0) ?? []);
    settings.presetId = entry.asked.presetId;
    settings.changeSampling(entry.asked.sampling);
    draft.edit(entry.asked, entry.parent);
    tray.reread();
  }
}
