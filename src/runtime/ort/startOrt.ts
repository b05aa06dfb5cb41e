/** Starts onnxruntime before there is a model to load: its wasm file is compiled, and its threads start, meanwhile. */
import { GraphBuilder } from '../../engine/onnx/graphBuilder';
import type { OrtBuild } from './build';
import { loadOrt } from './loadOrt';

let starting: Promise<void> | null = null;

/** Once for each realm; onnxruntime-web can't make two sessions at a time. @throws RoundsError as loadOrt does; internal */
export function startOrt(build: OrtBuild): Promise<void> {
  starting ??= start(build).catch((error: unknown) => {
    starting = null;
    throw error;
  });
  return starting;
}

async function start(build: OrtBuild): Promise<void> {
  const ort = await loadOrt(build);
  const graph = new GraphBuilder('start');
  graph.input('x', 'float32', [1]);
  graph.node('Identity', ['x'], { outputs: ['y'] });
  graph.output('y', 'float32', [1], 'host');
  // onnxruntime-web starts with its first session.
  const session = await ort.InferenceSession.create(graph.build().bytes, {
    executionProviders: ['wasm'],
    logSeverityLevel: 3,
  });
  await session.release();
}
