/** The questions of this visit, newest first, and the one that is shown. Saving them: cases/caseList.svelte.ts. */
import type { Asked } from '../../question/prompting';
import { RolloutGroup, type RolloutOptions } from './rolloutGroup.svelte';
import type { RunContext } from './run.svelte';
import { Turn, type TurnOptions } from './turn.svelte';

/** One answer, or a group of rollouts. */
export type Entry = Turn | RolloutGroup;

export class Conversation {
  turns = $state.raw<readonly Entry[]>([]);
  #shownId = $state<number | null>(null);
  /** Null before the first question, and after a new case was started. */
  shown = $derived(this.turns.find((turn) => turn.id === this.#shownId) ?? null);
  /** The engine answers one question at a time. */
  running = $derived(this.turns.find((turn) => !turn.isOver) ?? null);

  /** The engine is at work for an answer. */
  isBusy = $derived(this.turns.some((turn) => !turn.isOver || (turn.kind === 'answer' && turn.measuring)));

  readonly #context: RunContext;
  readonly #onFinished: (entry: Entry) => void;

  /** @param onFinished called when an answer is over, also after it was continued or its probabilities were measured */
  constructor(context: RunContext, onFinished: (entry: Entry) => void = () => undefined) {
    this.#context = context;
    this.#onFinished = onFinished;
  }

  /** Null while another question is being answered. */
  ask(asked: Asked, options: TurnOptions = {}): Turn | null {
    return this.#start(() => new Turn(asked, options));
  }

  rollOut(asked: Asked, options: RolloutOptions): RolloutGroup | null {
    return this.#start(() => new RolloutGroup(asked, options));
  }

  /** Continues an answer that was cut off. */
  resume(turn: Turn): void {
    if (!this.running) void turn.resume(this.#context).then(() => this.#onFinished(turn));
  }

  measure(turn: Turn): void {
    if (!this.running) void turn.measure(this.#context).then(() => this.#onFinished(turn));
  }

  show(id: number): void {
    this.#shownId = id;
  }

  /** Hides the shown answer; it stays in the list. */
  showNone(): void {
    this.#shownId = null;
  }

  /** Adds answers of an earlier visit that are not in the list yet, and shows the last of them. */
  restore(entries: readonly Entry[]): void {
    const added = entries.filter(({ uid }) => !this.turns.some((turn) => turn.uid === uid));
    this.turns = [...added.toReversed(), ...this.turns];
    const last = entries.at(-1);
    const shown = this.turns.find(({ uid }) => uid === last?.uid);
    if (shown) this.show(shown.id);
  }

  /** Removes the answers of a case; one that is still being written stays. */
  remove(caseId: string): void {
    this.turns = this.turns.filter((turn) => turn.caseId !== caseId || !turn.isOver);
  }

  /** Of one case, oldest first. */
  entriesOf(caseId: string): Entry[] {
    return this.turns.filter((turn) => turn.caseId === caseId).toReversed();
  }

  stop(): void {
    this.running?.stop();
  }

  #start<E extends Entry>(make: () => E): E | null {
    if (this.running) return null;
    const entry = make();
    this.turns = [entry, ...this.turns];
    this.#shownId = entry.id;
    void entry.run(this.#context).then(() => this.#onFinished(entry));
    return entry;
  }
}
