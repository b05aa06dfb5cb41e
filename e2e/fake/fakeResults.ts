/** Results of the scripted engine: complete in type, plausible in content. */
import type { MemoryUse, FinishReason, GenerateResult } from '../../src/shared/generation';
import type { BackendName, ModelInfo, PackLocation, Phase } from '../../src/shared/protocol';

export function fakeModelInfo(backend: BackendName | 'auto', pack: PackLocation): ModelInfo {
  const name =
    pack.kind === 'stored'
      ? pack.id.replace('id-of-', '')
      : pack.kind === 'session'
        ? 'session-pack'
        : 'rounds-mini';
  return {
    name,
    packHash: '5f0a3c1e8d7b6a594837261504f3e2d1c0b9a8978685746352413029f8e7d6c5',
    model: {
      family: 'qwen2_5_vl',
      text: {
        hiddenSize: 256,
        numHiddenLayers: 4,
        numAttentionHeads: 4,
        numKeyValueHeads: 2,
        headDim: 64,
        intermediateSize: 768,
        vocabSize: 1600,
        rmsNormEps: 1e-6,
        ropeTheta: 1e6,
        mropeSection: [8, 12, 12],
        tieWordEmbeddings: true,
        maxPositionEmbeddings: 4096,
      },
      vision: {
        depth: 4,
        hiddenSize: 160,
        numHeads: 4,
        intermediateSize: 480,
        outHiddenSize: 256,
        patchSize: 14,
        temporalPatchSize: 2,
        spatialMergeSize: 2,
        inChannels: 3,
        windowSize: 112,
        fullAttentionBlockIndexes: [3],
        mlp: 'swiglu',
        norm: 'rms',
        normEps: 1e-6,
      },
      tokenIds: { imagePad: 3, videoPad: 4, visionStart: 5, visionEnd: 6, eos: [2] },
    },
    imageProcessor: {
      minPixels: 3136,
      maxPixels: 200_704,
      imageMean: [0.5, 0.5, 0.5],
      imageStd: [0.5, 0.5, 0.5],
    },
    parameters: 5_612_000,
    packBytes: 7_340_000,
    weights: 'q8 (best)',
    source: { repo: 'rounds-mini', revision: null, license: 'MIT', files: [] },
    device: {
      backend: backend === 'webgpu' ? 'webgpu' : 'wasm',
      adapter: backend === 'webgpu' ? 'Scripted adapter' : 'WebAssembly',
      ...(backend === 'webgpu' ? {} : { threads: 2 }),
      features: ['simd'],
      activations: 'f32',
      software: true,
      reasons: backend === 'auto' ? [{ code: 'software_gpu_slower' }] : [],
      selfTest: {
        status: 'passed',
        detail: { code: 'reproduced', params: { worst: 2.4e-5, limit: 0.005 } },
        milliseconds: 210,
      },
    },
    memory: fakeMemory(0),
    loadMs: 1430,
    fromCache: false,
  };
}

export function fakeResult(
  written: Record<Phase, string>,
  tokens: number,
  finishReason: FinishReason,
): GenerateResult {
  return {
    prompt: '',
    promptIds: [],
    imageGridThw: [],
    positionIds: [[], [], []],
    ropeDelta: 0,
    newIds: Array.from({ length: tokens }, (_, id) => id),
    text: `<think>${written.thinking}</think><answer>${written.answering}</answer>`,
    thinking: written.thinking.trim(),
    answer: written.answering.trim(),
    finishReason,
    logits: [],
    images: [],
    timing: {
      imageMs: 20,
      visionMs: 240,
      prefillMs: 310,
      ttftMs: 618,
      decodeMs: tokens * 21,
      decodeTokensPerSecond: 46.2,
    },
    contextUsed: 214 + tokens,
    contextAvailable: 2048,
    cachedTokens: 0,
    encodedImages: 1,
    memory: fakeMemory(512),
  };
}

/** Of a model with these sizes, in float32. */
export function fakeMemory(kvTokens: number): MemoryUse {
  const kvBytesPerToken = 4352;
  return {
    weightBytes: 7_120_000,
    kvCacheBytes: kvTokens * kvBytesPerToken,
    kvTokens,
    kvBytesPerToken,
    activationBytes: kvTokens > 0 ? 9_400_000 : 0,
  };
}
