/** Where a model runs, why there, and how the device's numbers were checked. The page words it (src/app/text/deviceText.ts). */
import type { WireError } from './errors';

export type BackendName = 'webgpu' | 'wasm';
export type ActivationType = 'f16' | 'f32';

/** One way to run a model on this device. */
export interface ModeName {
  backend: BackendName;
  activations: ActivationType;
  /** Kernels that use subgroups; of WebGPU only. */
  subgroups: boolean;
}

/** Why a model runs where it does. */
export type DeviceReason =
  /** A software GPU is slower than WebAssembly for a small model. */
  | { code: 'software_gpu_slower' }
  | { code: 'no_webgpu' }
  /** The model is too large for WebAssembly, and the only GPU is a software one. */
  | { code: 'software_gpu_only' }
  /** A better mode failed its self-test. */
  | { code: 'wrong_numbers'; params: { mode: ModeName; detail: SelfTestDetail } }
  /** A better mode could not be used at all. */
  | { code: 'mode_failed'; params: { mode: ModeName; error: WireError } };

/** What the comparison with the pack's known answers found. */
export type SelfTestDetail =
  /** Largest difference of a logit, and the largest that is allowed; in standard deviations of the logits. */
  | { code: 'reproduced'; params: { worst: number; limit: number } }
  | { code: 'prompt_length'; params: { withImage: boolean; tokens: number; expected: number } }
  /** How far the first prediction is off, in standard deviations; null if it isn't a number. */
  | { code: 'prediction_off'; params: { withImage: boolean; deviations: number | null } }
  /** Number of the first token that differs, from 1. */
  | { code: 'token_differs'; params: { withImage: boolean; token: number } };

/** How the device's numbers were checked before the model was used on it. */
export interface SelfTestReport {
  /** kept: passed on an earlier visit with the same browser, device and pack. none: the pack has no known answers. */
  status: 'passed' | 'kept' | 'none';
  detail: SelfTestDetail | null;
  /** ISO date of the run; only where it was on an earlier visit. */
  date?: string;
  milliseconds: number;
}

export interface DeviceReport {
  backend: BackendName;
  /** Vendor, architecture and description of the adapter as the browser names it; `WebAssembly`. */
  adapter: string;
  /** Of WebAssembly only. */
  threads?: number;
  features: string[];
  activations: ActivationType;
  /** True for software adapters (SwiftShader, lavapipe, WARP). */
  software: boolean;
  /** Why this backend was chosen; empty when it was asked for or is the best. */
  reasons: DeviceReason[];
  selfTest: SelfTestReport;
}

/** The part of a report that a saved case holds. */
export type SavedDevice = Omit<DeviceReport, 'reasons' | 'selfTest'> & {
  selfTest: Pick<SelfTestReport, 'status' | 'milliseconds'>;
};
