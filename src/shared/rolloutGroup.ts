/**
 * What a group of answers to one question tells: how many passed, what the majority says, and the advantages by
 * which GRPO would learn from it. Pure numbers; nothing here runs a model.
 */

export const MIN_ROLLOUTS = 2;
export const MAX_ROLLOUTS = 16;

export interface AdvantageRule {
  /** Added to the standard deviation, so that equal rewards divide by something. */
  epsilon: number;
  /** Where the number stands. */
  source: string;
}

export interface GroupAdvantages {
  mean: number;
  /** Of the sample (n − 1), as torch.std gives it. */
  std: number;
  /** (reward − mean) / (std + epsilon), in the order of the rewards. */
  advantages: number[];
  /** Whether any reward differs: if none does, all advantages are 0 and the group teaches nothing. */
  teaches: boolean;
}

/** @param rewards at least two; of fewer the standard deviation is taken as 0 */
export function groupAdvantages(rewards: readonly number[], { epsilon }: AdvantageRule): GroupAdvantages {
  const count = rewards.length;
  const [first] = rewards;
  const teaches = rewards.some((reward) => reward !== first);
  // Sums of equal numbers round: equal rewards have to give zeros, not 1e-16 / epsilon.
  if (first === undefined || !teaches)
    return { mean: first ?? 0, std: 0, advantages: rewards.map(() => 0), teaches };
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / count;
  const squares = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
  const std = Math.sqrt(squares / (count - 1));
  return { mean, std, advantages: rewards.map((reward) => (reward - mean) / (std + epsilon)), teaches };
}

export interface Vote {
  /** Answers with their votes, most votes first; equals in the order in which they came up. */
  counts: { answer: number; votes: number }[];
  /** Those with the most votes: several are a tie, none means that nothing could be read. */
  winners: number[];
  /** Rollouts that no answer could be read from. */
  unread: number;
}

/** @param answers index of the chosen option of each rollout, null where none could be read */
export function majorityVote(answers: readonly (number | null)[]): Vote {
  const votes = new Map<number, number>();
  for (const answer of answers) {
    if (answer !== null) votes.set(answer, (votes.get(answer) ?? 0) + 1);
  }
  const counts = [...votes]
    .map(([answer, count]) => ({ answer, votes: count }))
    .sort((a, b) => b.votes - a.votes);
  const most = counts[0]?.votes ?? 0;
  const winners = counts.filter((count) => count.votes === most).map(({ answer }) => answer);
  return { counts, winners, unread: answers.filter((answer) => answer === null).length };
}

/** Share of rollouts that are right, 0 to 1; null of none. */
export function passRate(correct: readonly boolean[]): number | null {
  return correct.length === 0 ? null : correct.filter(Boolean).length / correct.length;
}
