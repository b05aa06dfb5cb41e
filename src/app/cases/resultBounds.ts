/** Validates the engine's results in a case from storage or a file. Part of caseBounds.ts. */
import type { Fields } from '../../shared/fields';
import { MAX_OPTIONS } from '../../shared/options';
import type {
  OptionProbabilities,
  Rollout,
  TokenAlternative,
  TokenProbabilities,
} from '../../shared/generation';
import { MAX_ROLLOUTS } from '../../shared/rolloutGroup';
import type { CaseResult, CaseRollouts } from './caseFormat';

const MAX_TOKENS = 1_000_000;
const MAX_VOCAB = 10_000_000;
const MAX_TEXT = 4_000_000;
const MAX_ALTERNATIVES = 10;
const MAX_MS = 1e10;
const FINISH_REASONS = ['stop', 'length', 'abort'] as const;

export function parseResult(result: Fields): CaseResult {
  const timing = result.object('timing');
  return {
    ...parseWritten(result),
    timing: { ...parseTiming(timing), ttftMs: timing.number('ttftMs', 0, MAX_MS) },
    contextUsed: result.integer('contextUsed', 0, MAX_TOKENS * 1000),
    contextAvailable: result.integer('contextAvailable', 0, MAX_TOKENS * 1000),
    cachedTokens: result.integer('cachedTokens', 0, MAX_TOKENS * 1000),
  };
}

export function parseRollout(rollout: Fields): Rollout {
  return {
    ...parseWritten(rollout),
    index: rollout.integer('index', 0, MAX_ROLLOUTS - 1),
    seed: rollout.integer('seed', 0, Number.MAX_SAFE_INTEGER),
    optionProbabilities: parseOptionProbabilities(rollout, 'optionProbabilities'),
    decodeMs: rollout.number('decodeMs', 0, MAX_MS),
  };
}

export function parseTiming(timing: Fields): NonNullable<CaseRollouts['result']>['timing'] {
  return {
    imageMs: timing.number('imageMs', 0, MAX_MS),
    visionMs: timing.number('visionMs', 0, MAX_MS),
    prefillMs: timing.number('prefillMs', 0, MAX_MS),
    decodeMs: timing.number('decodeMs', 0, MAX_MS),
    decodeTokensPerSecond: timing.number('decodeTokensPerSecond', 0, 1e9),
  };
}

/** Empty if the field is absent. */
export function parseTokens(fields: Fields, name: string): TokenProbabilities[] {
  if (!fields.has(name)) return [];
  return fields.objects(name, MAX_TOKENS).map((token) => ({
    index: token.integer('index', 0, MAX_TOKENS),
    chosen: parseAlternative(token.object('chosen')),
    top: token.objects('top', MAX_ALTERNATIVES).map(parseAlternative),
  }));
}

/** Empty if the field is absent. */
export function parseOptionProbabilities(fields: Fields, name: string): OptionProbabilities[] {
  if (!fields.has(name)) return [];
  return fields.objects(name, MAX_TOKENS).map((place) => ({
    index: place.integer('index', 0, MAX_TOKENS),
    letter: place.string('letter', 4),
    options: place.objects('options', MAX_OPTIONS).map((option) => ({
      letter: option.string('letter', 4),
      probability: option.number('probability', 0, 1.001),
      share: option.number('share', 0, 1.001),
    })),
  }));
}

function parseAlternative(token: Fields): TokenAlternative {
  return {
    id: token.integer('id', 0, MAX_VOCAB),
    text: token.string('text', 2_000),
    probability: token.number('probability', 0, 1.001),
  };
}

function parseWritten(fields: Fields) {
  return {
    newIds: fields.integers('newIds', MAX_TOKENS, 0, MAX_VOCAB),
    text: fields.string('text', MAX_TEXT),
    thinking: fields.string('thinking', MAX_TEXT),
    answer: fields.string('answer', MAX_TEXT),
    finishReason: fields.choice('finishReason', FINISH_REASONS),
  };
}
