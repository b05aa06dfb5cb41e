/** What the command asks of the page of the other engines (models/peers/page.mjs). */
import type { TransformersModel } from './transformersFolder';

export type PeerLoad =
  | {
      engine: 'transformers';
      /** The model's folder, relative to the page. */
      folder: string;
      device: 'wasm' | 'webgpu';
      threads: number;
      model: TransformersModel;
      /** False on software adapters, whose subgroups of four make onnxruntime's prefill attention wrong. */
      subgroups: boolean;
    }
  /** `file`: the GGUF file, relative to the page. */
  | { engine: 'wllama'; file: string; threads: number; contextTokens: number };

export interface PeerRun {
  /** The rendered prompt, and its ids with image tokens repeated. */
  prompt: string;
  ids: readonly number[];
  tokens: number;
}

/** Times in milliseconds of wall time. */
export interface PeerAnswer {
  /** Null if the engine gives text only. */
  ids: number[] | null;
  text: string | null;
  firstMs: number;
  decodeMs: number;
  /** Steps in `decodeMs`. */
  steps: number;
}
