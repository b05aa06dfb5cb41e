/** How fast this visit's answers were, for the device panel. */
import type { MemoryUse } from '../../../shared/generation';
import type { Entry } from './conversation.svelte';

export interface AnswerSpeed {
  id: number;
  /** 0 for an answer of one token. */
  tokensPerSecond: number;
  /** From the question to the first token; null for rollouts, which share one prefill. */
  firstTokenMs: number | null;
  /** Null for rollouts. */
  contextUsed: number | null;
  contextAvailable: number;
  memory: MemoryUse | undefined;
}

/** How many answers the history shows. */
const SHOWN = 16;

/** The last answers of a model, oldest first. @param entries newest first */
export function speedsOf(entries: readonly Entry[], packHash: string): AnswerSpeed[] {
  return entries
    .flatMap((entry): AnswerSpeed[] => {
      if (entry.model?.packHash !== packHash || !entry.result) return [];
      const { id, result } = entry;
      const isAnswer = entry.kind === 'answer' && 'contextUsed' in result;
      return [
        {
          id,
          tokensPerSecond: result.timing.decodeTokensPerSecond,
          firstTokenMs: isAnswer ? result.timing.ttftMs : null,
          contextUsed: isAnswer ? result.contextUsed : null,
          contextAvailable: result.contextAvailable,
          memory: 'memory' in result ? result.memory : undefined,
        },
      ];
    })
    .slice(0, SHOWN)
    .reverse();
}
