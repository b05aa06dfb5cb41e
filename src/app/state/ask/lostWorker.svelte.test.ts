/** What the page keeps, and does by itself, when a worker had to be ended or has lost its model. */
import { describe, expect, it, vi } from 'vitest';
import { RoundsError } from '../../../shared/errors';
import type { ModelInfo, Update } from '../../../shared/protocol';
import type { CallOptions, EngineApi } from '../../clients/engineClient';
import type { Asked } from '../../question/prompting';
import { ModelState } from '../models/modelState.svelte';
import { RolloutGroup } from './rolloutGroup.svelte';
import type { RunContext } from './run.svelte';
import { Turn } from './turn.svelte';

const INFO = {
  packHash: 'x',
  model: { text: { maxPositionEmbeddings: 100 } },
} as unknown as ModelInfo;
const ASKED: Asked = {
  question: 'What is it?',
  options: ['A lung', 'A head'],
  key: null,
  presetId: 'medvlthinker',
  sampling: { seed: 1 } as Asked['sampling'],
  images: [],
};

type Answer = (options: CallOptions, times: number) => Promise<unknown>;

function context(answer: Answer): { context: RunContext; recovered: ReturnType<typeof vi.fn> } {
  let times = 0;
  const call = (_: string, __: unknown, options: CallOptions = {}) => answer(options, ++times);
  const engine = { call, onLost: () => () => undefined } as unknown as EngineApi;
  const recovered = vi.fn(() => Promise.resolve(INFO));
  return {
    context: { engine, modelReady: () => Promise.resolve(INFO), modelRecovered: recovered },
    recovered,
  };
}

/** Writes two tokens, then hangs until Stop; the client ends the worker and says `aborted`. */
const hangs =
  (rollout?: number): Answer =>
  ({ onUpdate, signal }) =>
    new Promise((_, reject) => {
      const token: Update = { kind: 'token', phase: 'thinking', text: 'Grey', index: 2, ids: [5, 6] };
      onUpdate?.({ ...token, ...(rollout === undefined ? {} : { rollout }) } satisfies Update);
      signal?.addEventListener('abort', () => reject(new RoundsError('aborted', 'Ended.')));
    });

describe('an answer whose worker had to be ended', () => {
  it('keeps its text and can be continued from its ids', async () => {
    const { context: run } = context(hangs());
    const turn = new Turn(ASKED);
    const running = turn.run(run);
    await expect.poll(() => turn.tokens).toBe(2);
    turn.stop();
    await running;
    expect(turn).toMatchObject({ status: 'stopped', thinking: 'Grey', canContinue: true });
  });

  it('leaves no rollout running', async () => {
    const { context: run } = context(hangs(0));
    const group = new RolloutGroup(ASKED, { count: 2, temperature: 1, parent: null });
    const running = group.run(run);
    await expect.poll(() => group.items[0]?.status).toBe('running');
    group.stop();
    await running;
    expect(group.status).toBe('stopped');
    expect(group.items.map(({ status }) => status)).toEqual(['stopped', 'waiting']);
  });
});

describe('a worker without the model that the page shows', () => {
  const missing = (): never => {
    throw new RoundsError('model_not_loaded', 'No model is loaded.');
  };

  it('gets it again, and the rollouts are asked once more', async () => {
    const { context: run, recovered } = context((_, times) =>
      times === 1 ? Promise.resolve().then(missing) : Promise.resolve({ rollouts: [] }),
    );
    const group = new RolloutGroup(ASKED, { count: 2, temperature: 1, parent: null });
    await group.run(run);
    expect(recovered).toHaveBeenCalledOnce();
    expect(group.error).toBeNull();
  });
});

describe('ModelState', () => {
  it('loads again at once each time a worker was ended because the visitor asked for it, and once a while after errors', async () => {
    let lose: (error: RoundsError) => void = () => undefined;
    const call = vi.fn(() => Promise.resolve(INFO));
    const engine = { call, onLost: (listener: typeof lose) => (lose = listener) } as unknown as EngineApi;
    const model = new ModelState(engine, { kind: 'stored', id: 'x' }, 'auto', () => undefined);
    await model.load();
    for (let times = 2; times <= 3; times++) {
      lose(new RoundsError('aborted', 'Ended.'));
      await model.ready();
      expect(call).toHaveBeenCalledTimes(times);
    }
    lose(new RoundsError('device_lost', 'Gone.'));
    await model.ready();
    lose(new RoundsError('device_lost', 'Gone.'));
    expect(model.status).toBe('failed');
    expect(call).toHaveBeenCalledTimes(4);
  });

  it('tries a load once more that lost its device', async () => {
    const gone = new RoundsError('device_lost', 'Gone.');
    const call = vi.fn<() => Promise<ModelInfo>>(() => Promise.resolve(INFO)).mockRejectedValueOnce(gone);
    const engine = { call, onLost: () => () => undefined } as unknown as EngineApi;
    const model = new ModelState(engine, { kind: 'stored', id: 'x' }, 'auto', () => undefined);
    await model.load();
    expect(model.status).toBe('ready');
    expect(model.recovering).toBe(false);
    call.mockRejectedValue(gone);
    await model.load();
    expect(model.error).toBe(gone);
  });
});
