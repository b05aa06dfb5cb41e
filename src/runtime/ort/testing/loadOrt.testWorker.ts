/** Test helper: loads the builds that it is told, one after another, adds with each, and answers with the sums. */
import type { OrtBuild } from '../build';
import { loadOrt } from '../loadOrt';
import { ADD_MODEL } from './testModel';

async function add(build: OrtBuild): Promise<unknown> {
  const ort = await loadOrt(build);
  const provider = build === 'wasm' ? 'wasm' : 'webgpu';
  const session = await ort.InferenceSession.create(ADD_MODEL, { executionProviders: [provider] });
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
  return { sum: [...((await y?.getData()) as Float32Array)], threads: ort.env.wasm.numThreads };
}

async function addWithEach(builds: OrtBuild[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const build of builds) answers.push(await add(build));
  return answers;
}

self.onmessage = ({ data }: MessageEvent<OrtBuild[]>) => {
  void addWithEach(data).then(
    (answer) => self.postMessage(answer),
    (error: unknown) => self.postMessage(String(error)),
  );
};
