/**
 * The page that `npm run bench:peer` opens beside the app's own: runs the other engines as their documents say, without any
 * code of the app. src/cli/peer/engines.ts calls `window.peer`.
 */

/** @typedef {import('../../src/cli/peer/protocol').PeerLoad} PeerLoad */
/** @typedef {import('../../src/cli/peer/protocol').PeerRun} PeerRun */
/** @typedef {import('../../src/cli/peer/protocol').PeerAnswer} PeerAnswer */

/**
 * @typedef {object} Engine
 * @property {(run: PeerRun) => Promise<PeerAnswer>} run
 */

/** @type {Engine | null} */
let engine = null;

/** Packages are served as they are published, so their types are not known here. */
const importFrom = (/** @type {string} */ path) => import(new URL(path, import.meta.url).href);

/**
 * @param {PeerLoad & { engine: 'transformers' }} options
 * @returns {Promise<Engine>}
 */
async function loadTransformers({
  folder,
  device,
  threads,
  subgroups,
  model: { kind, dtype, weights, pixels },
}) {
  if (!subgroups) withoutSubgroups();
  const library = await importFrom('transformers/transformers.min.js');
  const { env } = library;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = new URL('.', import.meta.url).href;
  env.useBrowserCache = false;
  env.useWasmCache = false;
  env.backends.onnx.wasm.wasmPaths = new URL('onnxruntime/', import.meta.url).href;
  env.backends.onnx.wasm.numThreads = threads;
  const externalData = await Promise.all(
    weights.map(async (path) => {
      const response = await fetch(new URL(`${folder}/onnx/${path}`, import.meta.url));
      return { path, data: new Uint8Array(await response.arrayBuffer()) };
    }),
  );
  const Model = kind === 'text' ? library.Qwen2ForCausalLM : library.Qwen2_5_VLForConditionalGeneration;
  const model = await Model.from_pretrained(folder, { device, dtype, session_options: { externalData } });
  const image = pixels ? await imageInputs(library, folder, pixels, model) : {};
  return {
    async run({ ids, tokens }) {
      const { Tensor, BaseStreamer } = library;
      const streamer = new (timedStreamer(BaseStreamer))();
      const long = (/** @type {readonly number[]} */ values) =>
        new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
      const inputs = { input_ids: long(ids), attention_mask: long(ids.map(() => 1)), ...image };
      const startMs = performance.now();
      await model.generate({ ...inputs, max_new_tokens: tokens, do_sample: false, streamer });
      return answerOf({ ids: streamer.ids, text: null }, startMs, streamer.times);
    },
  };
}

/** Devices are opened without the feature. */
function withoutSubgroups() {
  if (!('GPUAdapter' in window)) return;
  const { prototype } = GPUAdapter;
  /** @type {(descriptor: GPUDeviceDescriptor) => Promise<GPUDevice>} */
  const requestDevice = Reflect.get(prototype, 'requestDevice');
  prototype.requestDevice = function (/** @type {GPUDeviceDescriptor} */ descriptor = {}) {
    const requiredFeatures = [...(descriptor.requiredFeatures ?? [])].filter(
      (name) => !String(name).includes('subgroup'),
    );
    return requestDevice.call(this, { ...descriptor, requiredFeatures });
  };
}

/**
 * @param {any} library
 * @param {string} folder
 * @param {{ dims: readonly number[], grid: readonly number[] }} pixels
 * @param {any} model
 */
async function imageInputs({ Tensor }, folder, { dims, grid }, model) {
  const response = await fetch(new URL(`${folder}/pixel_values.bin`, import.meta.url));
  const values = new Float32Array(await response.arrayBuffer());
  const encode = model.encode_image.bind(model);
  // The graph gives [1, tokens, hidden].
  model.encode_image = async (/** @type {unknown} */ inputs) => (await encode(inputs)).squeeze(0);
  return {
    pixel_values: new Tensor('float32', values, dims),
    image_grid_thw: new Tensor('int64', BigInt64Array.from(grid, BigInt), [1, 3]),
  };
}

/** @param {any} Base */
function timedStreamer(Base) {
  return class extends Base {
    /** @type {number[]} */
    ids = [];
    /** @type {number[]} */
    times = [];
    #isPrompt = true;

    /** @param {bigint[][]} value */
    put(value) {
      if (!this.#isPrompt) {
        this.ids.push(...(value[0] ?? []).map(Number));
        this.times.push(performance.now());
      }
      this.#isPrompt = false;
    }

    end() {}
  };
}

/**
 * @param {PeerLoad & { engine: 'wllama' }} options
 * @returns {Promise<Engine>}
 */
async function loadWllama({ file, threads, contextTokens }) {
  const { Wllama } = await importFrom('wllama/index.js');
  const wllama = new Wllama(
    { default: new URL('wllama/wasm/wllama.wasm', import.meta.url).href },
    { suppressNativeLog: true },
  );
  const response = await fetch(new URL(file, import.meta.url));
  await wllama.loadModel([await response.blob()], {
    n_ctx: contextTokens,
    n_threads: threads,
    n_gpu_layers: 0,
  });
  return {
    async run({ prompt, tokens }) {
      /** @type {number[]} */
      const times = [];
      let text = '';
      const startMs = performance.now();
      const stream = await wllama.createCompletion({
        prompt,
        stream: true,
        max_tokens: tokens,
        temperature: 0,
        top_k: 1,
        ignore_eos: true,
      });
      for await (const chunk of stream) {
        const piece = chunk.choices[0]?.text ?? '';
        if (piece === '' && chunk.choices[0]?.finish_reason) continue;
        times.push(performance.now());
        text += piece;
      }
      return answerOf({ ids: null, text }, startMs, times);
    },
  };
}

/**
 * @param {Pick<PeerAnswer, 'ids' | 'text'>} output
 * @param {number} startMs
 * @param {readonly number[]} times
 * @returns {PeerAnswer}
 */
function answerOf(output, startMs, times) {
  const first = times[0] ?? startMs;
  return {
    ...output,
    firstMs: first - startMs,
    decodeMs: (times.at(-1) ?? first) - first,
    steps: times.length - 1,
  };
}

Object.assign(window, {
  peer: {
    /** @param {PeerLoad} options */
    async load(options) {
      engine = options.engine === 'wllama' ? await loadWllama(options) : await loadTransformers(options);
    },
    /** @param {PeerRun} run */
    run: (run) => engine?.run(run),
  },
});
