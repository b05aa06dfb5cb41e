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
  'folder_needed',
  'host_unreachable',
  'download_blocked',
  'model_refused',
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

/** Codes of a download that failed for a reason which may pass; what was stored before can be used meanwhile. */
export const DOWNLOAD_FAILURES: ReadonlySet<ErrorCode> = new Set([
  'download_failed',
  'host_unreachable',
  'download_blocked',
]);

/** An error that crosses a thread or process boundary: structured clone loses the class, but not the code. */
export interface WireError {
  code: ErrorCode;
  message: string;
  stack?: string;
}

/** Names and values in messages come from strangers' files, and may have megabytes. */
const MAX_MESSAGE = 300;
const MAX_STACK = 8_000;

export class RoundsError extends Error {
  readonly code: ErrorCode;

  /** @param message at most 300 characters of it are kept: the start, and the end, which says what helps */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(shortenMessage(message), options);
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
    return {
      code: this.code,
      message: this.message,
      ...(this.stack ? { stack: this.stack.slice(0, MAX_STACK) } : {}),
    };
  }

  static fromWire(wire: WireError): RoundsError {
    const error = new RoundsError(wire.code, wire.message);
    if (wire.stack) error.stack = wire.stack.slice(0, MAX_STACK);
    return error;
  }
}

/** Cut in the middle to 300 characters where it is longer; also for messages of causes that are shown. */
export function shortenMessage(message: string): string {
  if (message.length <= MAX_MESSAGE) return message;
  // Cut before halves of a surrogate pair, which would be shown as damaged characters.
  const start = message.slice(0, 197).replace(/[\ud800-\udbff]$/, '');
  const end = message.slice(-100).replace(/^[\udc00-\udfff]/, '');
  return `${start} … ${end}`;
}
