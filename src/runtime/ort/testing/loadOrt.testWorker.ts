/** Test helper: loads the builds that it is given, one after another, adds with each, and answers with the sums. */
import type { OrtBuild } from '../build';
import { fetchOrt, loadOrt } from '../loadOrt';
import { startOrt } from '../startOrt';
import { ADD_MODEL } from './testModel';

async function add(build: OrtBuild): Promise<unknown> {
  const ort = await loadOrt(build);
  const provider = build === 'wasm' ? 'wasm' : 'webgpu';
  const session = await ort.InferenceSession.create(ADD_MODEL, { executionProviders: [provider] });
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
  return { sum: [...((await y?.getData()) as Float32Array)], threads: ort.env.wasm.numThreads };
}

/** What is done with a build; adding, unless said otherwise. */
export type Step = OrtBuild | `${'fetch' | 'start'} ${OrtBuild}`;

async function addWithEach(steps: Step[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const step of steps) {
    const build = step.replace(/^\w+ /, '') as OrtBuild;
    if (step.startsWith('fetch')) fetchOrt(build);
    else if (step.startsWith('start')) await startOrt(build);
    else answers.push(await add(build));
  }
  return answers;
}

self.onmessage = ({ data }: MessageEvent<Step[]>) => {
  void addWithEach(data).then(
    (answer) => self.postMessage(answer),
    (error: unknown) => self.postMessage(String(error)),
  );
};
