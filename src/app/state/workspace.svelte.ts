/**
 * What a visitor has put into the page and not asked yet: question, choices, key and images. Whatever replaces it can be undone, and
 * it survives a reload (browser/draftStorage.ts).
 */
import type { Conversation } from './ask/conversation.svelte';
import type { Draft } from './ask/draft.svelte';
import type { Turn } from './ask/turn.svelte';
import type { ImageTray } from './images/imageTray.svelte';
import type { TrayImage } from './images/trayImage.svelte';
import type { Settings } from './settings.svelte';

/** The written part of the form. */
export interface FormText {
  readonly question: string;
  readonly options: readonly string[];
  /** Index of the right option. */
  readonly key: number | null;
}

interface Snapshot extends FormText {
  readonly follows: Turn | null;
  readonly images: readonly TrayImage[];
  readonly shownId: number | null;
  readonly settings: Pick<Settings, 'presetId' | 'sampling'>;
}

/** What was replaced: its text, or its images too. */
export interface Replaced {
  readonly kind: 'replaced' | 'restored';
  readonly undo: () => void;
}

export interface WorkspaceOptions {
  draft: Draft;
  tray: ImageTray;
  settings: Settings;
  conversation: () => Conversation;
}

const EMPTY: FormText = { question: '', options: [], key: null };

export class Workspace {
  /** The last replacement, until it is undone, dismissed or followed by a question. */
  replaced = $state.raw<Replaced | null>(null);

  readonly #options: WorkspaceOptions;
  /** The form as a sample, a suggestion or an earlier question filled it: nothing that a visitor has typed. */
  #given = $state(fingerprint(EMPTY));

  text: FormText = $derived.by(() => {
    const { question, options, keyId } = this.#options.draft;
    const key = options.findIndex(({ id }) => id === keyId);
    return { question, options: options.map(({ text }) => text), key: key < 0 ? null : key };
  });
  hasText = $derived(fingerprint(this.text) !== fingerprint(EMPTY));
  /** The question was typed or changed by the visitor. */
  isTyped = $derived(this.hasText && fingerprint(this.text) !== this.#given);
  /** Images that neither a sample nor an earlier question brings back. */
  ownImages = $derived.by(() => {
    const { tray } = this.#options;
    const asked = this.#conversation.turns.flatMap((turn) => turn.asked.images.map(({ blob }) => blob));
    const isAsked = (blob: Blob): boolean =>
      asked.some((other) => other === blob || tray.isSameStack(other, blob));
    return tray.images.filter((image) => image.sample === null && !isAsked(image.blob));
  });
  hasWork = $derived(this.isTyped || this.ownImages.length > 0);

  constructor(options: WorkspaceOptions) {
    this.#options = options;
  }

  get #conversation(): Conversation {
    return this.#options.conversation();
  }

  /** Does something that replaces the form; if that was the visitor’s own work, it can be undone. */
  replace(change: () => void): void {
    const before = this.hasWork ? this.#snapshot() : null;
    change();
    this.#given = fingerprint(this.text);
    this.replaced = before && { kind: 'replaced', undo: () => this.#restore(before) };
  }

  /** After a question was asked: the form has nothing that isn’t in the conversation. */
  noteAsked(): void {
    this.#given = fingerprint(this.text);
    this.replaced = null;
  }

  /** After a draft of an earlier visit was restored. */
  noteRestored(): void {
    const undo = (): void => {
      this.replace(() => {
        this.#options.draft.follow(null);
        this.#options.tray.put([]);
      });
      this.replaced = null;
    };
    this.replaced = { kind: 'restored', undo };
  }

  dismiss(): void {
    this.replaced = null;
  }

  #snapshot(): Snapshot {
    const { draft, tray, settings } = this.#options;
    return {
      ...this.text,
      follows: draft.follows,
      images: [...tray.images],
      shownId: this.#conversation.shown?.id ?? null,
      settings: { presetId: settings.presetId, sampling: settings.sampling },
    };
  }

  #restore({ question, options, key, follows, images, shownId, settings: chosen }: Snapshot): void {
    const { draft, tray, settings } = this.#options;
    draft.follow(follows);
    draft.question = question;
    draft.setOptions(options, key);
    settings.presetId = chosen.presetId;
    settings.changeSampling(chosen.sampling);
    tray.put(images);
    if (shownId === null) this.#conversation.showNone();
    else this.#conversation.show(shownId);
    this.replaced = null;
  }
}

/** Equal for forms that ask the same. */
function fingerprint({ question, options, key }: FormText): string {
  const filled = options.map((text) => text.trim());
  return JSON.stringify([question.trim(), filled.some((text) => text !== '') ? filled : [], key]);
}
