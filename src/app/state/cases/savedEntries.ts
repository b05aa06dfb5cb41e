/** Converts between the answers of a visit and the entries of a stored case. */
import type { SavedDevice } from '../../../shared/device';
import { RoundsError } from '../../../shared/errors';
import type { ImageInput } from '../../../shared/generation';
import type {
  CaseAsked,
  CaseEntry,
  CaseImage,
  CaseModel,
  CaseRecord,
  CaseResult,
} from '../../cases/caseFormat';
import type { Asked } from '../../question/prompting';
import type { Entry } from '../ask/conversation.svelte';
import { RolloutGroup } from '../ask/rolloutGroup.svelte';
import type { RunModel, SavedRun } from '../ask/run.svelte';
import { Turn, type TurnResult } from '../ask/turn.svelte';

/** @param places index in the case’s images of each image of the question */
export function saveEntry(entry: Entry, places: readonly number[]): CaseEntry {
  const { question, options, key, presetId, sampling, maxPixels } = entry.asked;
  const { uid, askedAt, error, elapsedMs, model } = entry;
  const common = {
    uid,
    askedAt,
    parent: entry.parent?.uid ?? null,
    asked: {
      ...{ question, options: [...options], key, presetId, sampling: { ...sampling } },
      images: [...places],
      ...(maxPixels === undefined ? {} : { maxPixels }),
    },
    status: entry.status === 'done' || entry.status === 'failed' ? entry.status : ('stopped' as const),
    error: error && { code: error.code, message: withoutFileName(error.message, entry).slice(0, 10_000) },
    elapsedMs,
    model: model && saveModel(model),
  };
  if (entry.kind === 'rollouts') {
    const rollouts = entry.items.flatMap(({ result }) => (result ? [result] : []));
    const { count, temperature, result } = entry;
    return { ...common, kind: 'rollouts', count, temperature, rollouts, result: result && saveGroup(result) };
  }
  const { thinking, answer, tokens, firstTokenMs, thinkingMs, result } = entry;
  return {
    ...common,
    kind: 'answer',
    ...{ thinking, answer, tokens, firstTokenMs, thinkingMs },
    result: result && saveResult(result),
    probabilities: [...entry.probabilities],
    optionProbabilities: [...entry.optionProbabilities],
    verdict: entry.verdict,
  };
}

/** Errors of images begin with the file's name, which a case never holds, because it may be that of a patient. */
function withoutFileName(message: string, { asked, earlier }: Entry): string {
  const images = [asked, ...earlier.map((exchange) => exchange.asked)].flatMap(({ images }) => images);
  const named = images.find(({ name }) => message.startsWith(`${name}: `));
  return named ? `image: ${message.slice(named.name.length + 2)}` : message;
}

/** @param inputs the images of the case, in its order */
export function restoreEntries(record: CaseRecord, inputs: readonly ImageInput[]): Entry[] {
  const turns = new Map<string, Turn>();
  return record.entries.map((saved) => {
    const asked = restoreAsked(saved.asked, inputs);
    const parent = saved.parent === null ? null : (turns.get(saved.parent) ?? null);
    const run: SavedRun = {
      uid: saved.uid,
      caseId: record.id,
      askedAt: saved.askedAt,
      status: saved.status,
      error: saved.error && new RoundsError(saved.error.code, saved.error.message),
      elapsedMs: saved.elapsedMs,
      model: saved.model,
    };
    if (saved.kind === 'rollouts') {
      const { count, temperature, rollouts, result } = saved;
      return RolloutGroup.restore(asked, { count, temperature, parent }, { ...run, rollouts, result });
    }
    const turn = Turn.restore(asked, parent, { ...saved, ...run });
    turns.set(turn.uid, turn);
    return turn;
  });
}

/** A stored image as input for the model. A rendered image has no frames or windows. */
export function inputOf(image: CaseImage, blob: Blob): ImageInput {
  const { name, isRendered, frame, window, plane, volume } = image;
  if (isRendered) return { blob, name };
  return {
    blob,
    name,
    ...(frame === undefined ? {} : { frame }),
    ...(window === undefined ? {} : { window }),
    ...(plane === undefined ? {} : { plane }),
    ...(volume === undefined ? {} : { volume }),
  };
}

function restoreAsked(asked: CaseAsked, inputs: readonly ImageInput[]): Asked {
  return { ...asked, images: asked.images.flatMap((index) => inputs[index] ?? []) };
}

function saveModel({ name, packHash, parameters, weights, source, device }: RunModel): CaseModel {
  const { repo, revision, license } = source;
  return {
    ...{ name, packHash, parameters, weights },
    source: { repo, revision, license },
    device: saveDevice(device),
  };
}

function saveDevice({
  backend,
  adapter,
  threads,
  features,
  activations,
  software,
  selfTest,
}: SavedDevice): SavedDevice {
  const { status, milliseconds } = selfTest;
  return {
    ...{ backend, adapter, features, activations, software },
    ...(threads === undefined ? {} : { threads }),
    selfTest: { status, milliseconds },
  };
}

function saveResult(result: TurnResult): CaseResult {
  const { text, newIds, thinking, answer, finishReason, timing } = result;
  const { contextUsed, contextAvailable, cachedTokens } = result;
  return {
    ...{ text, newIds, thinking, answer, finishReason, contextUsed, contextAvailable, cachedTokens },
    timing: finite({ ...timing }),
  };
}

function saveGroup({
  promptTokens,
  cachedTokens,
  contextAvailable,
  timing,
}: NonNullable<RolloutGroup['result']>) {
  return { promptTokens, cachedTokens, contextAvailable, timing: finite({ ...timing }) };
}

/** Replaces NaN and infinity (a rate over zero time) by 0, since JSON has neither. */
function finite<T extends object>(numbers: T): T {
  const entries = Object.entries(numbers).map(([name, value]) => [
    name,
    Number.isFinite(value) ? (value as number) : 0,
  ]);
  return Object.fromEntries(entries) as T;
}
