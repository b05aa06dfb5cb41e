/**
 * The one error class of the project. A code exists only if a caller handles it differently;
 * every code has a row in docs/errors.md and a sentence with an action in src/app/text/errorText.ts.
 */
export const ERROR_CODES = [
  'webgpu_unavailable',
  'feature_missing',
  'device_lost',
  'self_test_failed',
  'out_of_memory',
  'download_failed',
  'integrity_mismatch',
  'storage_quota',
  'storage_failed',
  'model_missing',
  'checkpoint_invalid',
  'model_unsupported',
  'pack_invalid',
  'case_invalid',
  'image_invalid',
  'image_unsupported',
  'image_too_large',
  'decoder_missing',
  'request_invalid',
  'address_invalid',
  'files_needed',
  'file_invalid',
  'model_busy',
  'model_not_loaded',
  'load_stalled',
  'model_changed',
  'setting_invalid',
  'context_overflow',
  'aborted',
  'worker_crashed',
  'start_blocked',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error that crosses a thread or process boundary: structured clone loses the class, but not the code. */
export interface WireError {
  code: ErrorCode;
  message: string;
  stack?: string;
}

export class RoundsError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'RoundsError';
    this.code = code;
  }

  /** Anything thrown, as a RoundsError; another error gets the code `fallback`, with its message and cause. */
  static from(thrown: unknown, fallback: ErrorCode = 'internal'): RoundsError {
    if (thrown instanceof RoundsError) return thrown;
    if (thrown instanceof Error && thrown.name === 'AbortError') {
      return new RoundsError('aborted', 'Stopped.', { cause: thrown });
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new RoundsError(fallback, message, { cause: thrown });
  }

  toWire(): WireError {
    return { code: this.code, message: this.message, ...(this.stack ? { stack: this.stack } : {}) };
  }

  static fromWire(wire: WireError): RoundsError {
    const error = new RoundsError(wire.code, wire.message);
    if (wire.stack) error.stack = wire.stack;
    return error;
  }
}
