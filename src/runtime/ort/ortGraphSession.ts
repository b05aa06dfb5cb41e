/** A session of onnxruntime that runs one graph. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { DeviceTensor, GraphModel, GraphSession } from '../../engine/ports';
import { OrtTensor, unwrap } from './ortTensor';
import { wasmHeap } from './wasmHeap';

export class OrtGraphSession implements GraphSession {
  readonly captures: boolean;
  readonly #graph: GraphModel;
  readonly #session: InferenceSession;
  readonly #guard: <T>(what: string, job: () => Promise<T>) => Promise<T>;

  /** @param captures whether the session was made with graph capture; each run then has to say so */
  constructor(
    graph: GraphModel,
    session: InferenceSession,
    captures: boolean,
    guard: <T>(what: string, job: () => Promise<T>) => Promise<T>,
  ) {
    this.captures = captures;
    this.#graph = graph;
    this.#session = session;
    this.#guard = guard;
  }

  async run(
    feeds: Record<string, DeviceTensor>,
    into: Record<string, DeviceTensor> = {},
    capture?: number,
  ): Promise<Record<string, DeviceTensor>> {
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, tensor]) => [name, unwrap(tensor).value]),
    );
    const what = `running ${this.#graph.name} (${shapesOf(inputs)})`;
    const results = await this.#guard(what, async () => {
      const before = wasmHeap()?.used ?? 0;
      const outputs = await this.#session.run(inputs, this.#fetches(into), this.#runOptions(capture));
      checkHeapUse([...Object.values(feeds), ...Object.values(into)], before);
      return outputs;
    });
    const fresh: Record<string, DeviceTensor> = {};
    for (const [name, value] of Object.entries(results)) {
      if (!into[name]) fresh[name] = new OrtTensor(value);
    }
    return fresh;
  }

  async dispose(): Promise<void> {
    await this.#guard(`releasing ${this.#graph.name}`, () => this.#session.release()).catch(() => undefined);
  }

  /** Without an id, onnxruntime would capture the run as number 0. */
  #runOptions(capture = -1): InferenceSession.RunOptions {
    return this.captures ? { extra: { gpu_graph_id: String(capture) } } : {};
  }

  /** Allocated tensors are given to the run to write into; other results come back as new tensors. */
  #fetches(into: Record<string, DeviceTensor>): Record<string, Tensor | null> {
    return Object.fromEntries(
      this.#graph.outputs.map(({ name }) => {
        const target = into[name] && unwrap(into[name]);
        return [name, target?.value ?? null];
      }),
    );
  }
}

/** Another version of onnxruntime-web might not look at such a tensor as WasmHeap expects, and compute on garbage. */
function checkHeapUse(tensors: DeviceTensor[], before: number): void {
  const given = tensors.filter((tensor) => unwrap(tensor).storage?.kind === 'wasm').length;
  const used = (wasmHeap()?.used ?? 0) - before;
  if (used !== given) throw new Error(`onnxruntime used ${used} of ${given} tensors in its memory`);
}

/** onnxruntime's own message names neither shapes nor types, which is what one needs to find the fault. */
function shapesOf(inputs: Record<string, Tensor>): string {
  return Object.entries(inputs)
    .filter(([name]) => !name.startsWith('past_key_values') || name.includes('.0.'))
    .map(([name, tensor]) => `${name} ${tensor.type}[${tensor.dims.join(',')}]`)
    .join(', ');
}
