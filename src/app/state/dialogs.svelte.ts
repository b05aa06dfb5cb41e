/**
 * Which of the page's dialogs are open, and with what content. Any part of the page opens one here; the dialog's component
 * shows and hides itself. Dialogs can be open on top of each other: export on top of the list of cases.
 */
import type { FullCase } from '../cases/caseFile';

/** The content of each dialog; null for a dialog that needs none. */
interface DialogContents {
  library: null;
  model: null;
  cases: null;
  export: readonly FullCase[];
  print: FullCase;
}

export type DialogName = keyof DialogContents;

/** One opening of a dialog. Opening it again makes a new object. */
export interface OpenDialog<N extends DialogName> {
  readonly content: DialogContents[N];
}

type OpenDialogs = { readonly [N in DialogName]?: OpenDialog<N> };
type ContentArgument<N extends DialogName> = DialogContents[N] extends null
  ? []
  : [content: DialogContents[N]];

export class Dialogs {
  #open = $state.raw<OpenDialogs>({});
  #isQuestionFocusPending = $state(false);

  /** Opens a dialog. If it is open already, its content is replaced. */
  open<N extends DialogName>(name: N, ...[content]: ContentArgument<N>): void {
    this.#open = { ...this.#open, [name]: { content: content ?? null } };
  }

  /** Does nothing if the dialog isn't open. */
  close(name: DialogName): void {
    if (!this.#open[name]) return;
    const { [name]: _, ...others } = this.#open;
    this.#open = others;
  }

  /** Null while the dialog is closed. */
  find<N extends DialogName>(name: N): OpenDialog<N> | null {
    return this.#open[name] ?? null;
  }

  /** Moves the focus to the question, so that the visitor can write. */
  focusQuestion(): void {
    this.#isQuestionFocusPending = true;
  }

  /** True once after each `focusQuestion`; for the field that takes the focus. */
  takeQuestionFocus(): boolean {
    const isPending = this.#isQuestionFocusPending;
    if (isPending) this.#isQuestionFocusPending = false;
    return isPending;
  }
}
