/** Stores the unfinished question of the form while it is being written, and restores it after a reload. */
import { DraftStorage, MAX_DRAFT_BYTES } from '../browser/draftStorage';
import type { Draft } from './ask/draft.svelte';
import type { Turn } from './ask/turn.svelte';
import type { CasePreferences } from './cases/casePreferences.svelte';
import type { ImageTray } from './images/imageTray.svelte';
import { packImages, sizeOf, unpackImages } from './images/draftImages';
import type { ImagePlace } from './images/imagePlace';
import type { TrayImage } from './images/trayImage.svelte';
import type { FormText, Workspace } from './workspace.svelte';

export interface DraftKeeperOptions {
  workspace: Workspace;
  draft: Draft;
  tray: ImageTray;
  preferences: CasePreferences;
  /** Brings a saved answer back to the page; null if it isn't saved. */
  recall: (caseId: string, uid: string) => Promise<Turn | null>;
  storage?: DraftStorage;
}

/** Several images are often added in a row. */
const REST_MS = 200;

export class DraftKeeper {
  readonly #options: DraftKeeperOptions;
  readonly #storage: DraftStorage;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #queue: Promise<void> = Promise.resolve();
  /** True until the draft of before a reload was read: nothing may be written over it. */
  #isStarting = $state(true);
  /** The images that are in the database, and those that are to be. */
  #storedKey = $state('');
  #wantedKey = $state('');
  #isTextSafe = $state(true);
  /** True if a reload would lose something that the visitor typed or added. */
  isAtRisk = $derived.by(
    () => !this.#isTextSafe || (this.#wantedKey !== this.#storedKey && this.#options.workspace.hasWork),
  );

  constructor(options: DraftKeeperOptions) {
    this.#options = options;
    this.#storage = options.storage ?? new DraftStorage();
  }

  /** Puts the draft of before a reload back into the form. Never rejects. */
  async start(): Promise<void> {
    const { workspace, draft, tray } = this.#options;
    const text = parseText(this.#storage.readText());
    const stored = text && text.places.length > 0 ? await this.#storage.readImages() : null;
    const follows = text?.follows ? await this.#options.recall(text.follows.caseId, text.follows.uid) : null;
    // What was typed or dropped meanwhile is newer.
    if (text && !workspace.hasText && tray.images.length === 0) {
      if (stored) tray.reopen(unpackImages(stored), text.places);
      draft.question = text.question;
      draft.setOptions(text.options, text.key);
      draft.follows = follows;
      if (workspace.hasText || tray.images.length > 0) workspace.noteRestored();
    }
    this.#storedKey = keyOf(tray.images);
    this.#isStarting = false;
    void this.#storage.tidy();
  }

  /** Call it in an effect: reads what it depends on. Writes the text at once and the images after a moment. */
  follow(): void {
    const { workspace, draft, tray, preferences } = this.#options;
    const { text, hasWork } = workspace;
    const follows = draft.follows && { caseId: draft.follows.caseId, uid: draft.follows.uid };
    const { images } = tray;
    const places = images.map(({ place }) => place);
    if (this.#isStarting) return;
    const isWanted = hasWork && !preferences.isPrivate;
    const isStored = this.#storage.writeText(isWanted ? JSON.stringify({ ...text, places, follows }) : null);
    this.#isTextSafe = !hasWork || (isWanted && isStored);
    const wanted = isWanted ? [...images] : [];
    this.#wantedKey = keyOf(wanted);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(wanted), REST_MS);
  }

  #write(images: readonly TrayImage[]): void {
    this.#queue = this.#queue.then(async () => {
      const key = keyOf(images);
      if (key === this.#storedKey) return;
      const packed = packImages(images.map((image) => image.toStored()));
      const isKept = packed.files.length > 0 && sizeOf(packed) <= MAX_DRAFT_BYTES;
      const isWritten = await this.#storage.writeImages(isKept ? packed : null);
      this.#storedKey = isKept && isWritten ? key : '';
    });
  }
}

/** Names the images of the tray; their places are stored with the text. */
function keyOf(images: readonly TrayImage[]): string {
  return images.map(({ id }) => id).join();
}

interface StoredText extends FormText {
  places: ImagePlace[];
  /** The answer that the question follows. */
  follows: { caseId: string; uid: string } | null;
}

function parseLink(link: unknown): StoredText['follows'] {
  const { caseId, uid } = (link ?? {}) as Record<string, unknown>;
  return typeof caseId === 'string' && typeof uid === 'string' ? { caseId, uid } : null;
}

/** Null if there is nothing to restore. The text is the page's own, of this tab. */
function parseText(json: string | null): StoredText | null {
  if (json === null) return null;
  try {
    const { question, options, key, places, follows } = JSON.parse(json) as Record<string, unknown>;
    const texts = Array.isArray(options) ? options.filter((text) => typeof text === 'string') : [];
    return {
      question: typeof question === 'string' ? question : '',
      options: texts,
      key: typeof key === 'number' && key >= 0 && key < texts.length ? key : null,
      places: Array.isArray(places) ? (places as ImagePlace[]) : [],
      follows: parseLink(follows),
    };
  } catch {
    return null;
  }
}
