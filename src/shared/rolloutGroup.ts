/**
 * Statistics of a group of rollouts for one question: pass rate, majority vote, and the advantages that GRPO would
 * compute.
 */

export const MIN_ROLLOUTS = 2;
export const MAX_ROLLOUTS = 16;

export interface AdvantageRule {
  /** Added to the standard deviation to avoid division by zero. */
  epsilon: number;
  /** The trainer that uses this value. */
  source: string;
}

export interface GroupAdvantages {
  mean: number;
  /** Sample standard deviation (n − 1), as in torch.std. */
  std: number;
  /** (reward − mean) / (std + epsilon), in the order of the rewards. */
  advantages: number[];
  /** Whether rewards differ. If all are equal, all advantages are 0 and the group has no learning signal. */
  hasSignal: boolean;
}

/**
 * Group-relative advantages of GRPO (Shao et al. 2024, DeepSeekMath, arXiv:2402.03300).
 * @param rewards one per rollout; with fewer than two the standard deviation is 0
 */
export function groupAdvantages(rewards: readonly number[], { epsilon }: AdvantageRule): GroupAdvantages {
  const count = rewards.length;
  const [first] = rewards;
  const hasSignal = rewards.some((reward) => reward !== first);
  // Rounding of the sums would give equal rewards advantages of 1e-16 / epsilon instead of 0.
  if (first === undefined || !hasSignal)
    return { mean: first ?? 0, std: 0, advantages: rewards.map(() => 0), hasSignal };
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / count;
  const squares = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
  const std = Math.sqrt(squares / (count - 1));
  return { mean, std, advantages: rewards.map((reward) => (reward - mean) / (std + epsilon)), hasSignal };
}

export interface Vote {
  /** Answers with their votes, most votes first; ties in order of first occurrence. */
  counts: { answer: number; votes: number }[];
  /** The answers with the most votes: several in a tie, none if no answer could be read. */
  winners: number[];
  /** Number of rollouts from which no answer could be read. */
  unread: number;
}

/** @param answers index of the option chosen by each rollout; null if it could not be read */
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

/** Fraction of correct rollouts, 0 to 1; null if there are none. */
export function passRate(correct: readonly boolean[]): number | null {
  return correct.length === 0 ? null : correct.filter(Boolean).length / correct.length;
}
