/** The questions of this visit, newest first, and the one that is shown. Nothing of it is stored. */
import type { ModelInfo } from '../../shared/protocol';
import type { EngineApi } from '../engineClient';
import type { Asked } from '../prompting';
import { Turn } from './turn.svelte';

export class Conversation {
  turns = $state.raw<readonly Turn[]>([]);
  #shownId = $state<number | null>(null);
  shown = $derived(this.turns.find((turn) => turn.id === this.#shownId) ?? this.turns[0] ?? null);
  /** The engine answers one question at a time. */
  running = $derived(this.turns.find((turn) => !turn.isOver) ?? null);

  readonly #engine: EngineApi;
  readonly #modelReady: () => Promise<ModelInfo>;

  constructor(engine: EngineApi, modelReady: () => Promise<ModelInfo>) {
    this.#engine = engine;
    this.#modelReady = modelReady;
  }

  ask(asked: Asked): Promise<void> {
    if (this.running) return Promise.resolve();
    const turn = new Turn(asked);
    this.turns = [turn, ...this.turns];
    this.#shownId = turn.id;
    return turn.run(this.#engine, this.#modelReady);
  }

  show(id: number): void {
    this.#shownId = id;
  }

  stop(): void {
    this.running?.stop();
  }
}
