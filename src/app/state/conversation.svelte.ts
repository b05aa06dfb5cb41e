/** The questions of this visit, newest first, and the one that is shown. Nothing of it is stored. */
import type { Asked } from '../prompting';
import { RolloutGroup, type RolloutOptions } from './rolloutGroup.svelte';
import type { RunContext } from './run.svelte';
import { Turn, type TurnOptions } from './turn.svelte';

/** One answer, or a group of rollouts. */
export type Entry = Turn | RolloutGroup;

export class Conversation {
  turns = $state.raw<readonly Entry[]>([]);
  #shownId = $state<number | null>(null);
  shown = $derived(this.turns.find((turn) => turn.id === this.#shownId) ?? this.turns[0] ?? null);
  /** The engine answers one question at a time. */
  running = $derived(this.turns.find((turn) => !turn.isOver) ?? null);

  readonly #context: RunContext;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Null while another question is being answered. */
  ask(asked: Asked, options: TurnOptions = {}): Turn | null {
    return this.#start(() => new Turn(asked, options));
  }

  rollOut(asked: Asked, options: RolloutOptions): RolloutGroup | null {
    return this.#start(() => new RolloutGroup(asked, options));
  }

  /** Goes on with a cut answer. */
  resume(turn: Turn): void {
    if (!this.running) void turn.resume(this.#context);
  }

  measure(turn: Turn): void {
    if (!this.running) void turn.measure(this.#context);
  }

  show(id: number): void {
    this.#shownId = id;
  }

  stop(): void {
    this.running?.stop();
  }

  #start<E extends Entry>(make: () => E): E | null {
    if (this.running) return null;
    const entry = make();
    this.turns = [entry, ...this.turns];
    this.#shownId = entry.id;
    void entry.run(this.#context);
    return entry;
  }
}
