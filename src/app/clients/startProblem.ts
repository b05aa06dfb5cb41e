/** Why a worker can't be started: which header or policy of the host is missing, in one sentence for whoever runs the host. */
import { RoundsError } from '../../shared/errors';

/** Directives that decide whether a worker may start, the first that is set. */
const WORKER_DIRECTIVES: readonly string[] = ['worker-src', 'child-src', 'script-src', 'script-src-elem'];
const SCRIPT_TYPE = /^(text|application)\/(x-)?(java|ecma)script\b/i;

/** Directives that stopped something on this page. */
const violated = new Set<string>();

if ('document' in globalThis) {
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
    violated.add(effectiveDirective);
  });
}

/**
 * @param address of the script that didn't start
 * @param unknown the error if nothing is found
 * @returns start_blocked, download_failed, or `unknown`
 */
export async function explainStart(address: string, unknown: RoundsError): Promise<RoundsError> {
  const file = new URL(address).pathname.split('/').pop() ?? address;
  const response = await fetch(address, { cache: 'no-store' }).catch(() => null);
  const directive = WORKER_DIRECTIVES.find((name) => violated.has(name));
  if (directive)
    return new RoundsError(
      'start_blocked',
      `The host’s Content-Security-Policy blocks workers: its ${directive} must contain 'self'.`,
    );
  if (!response) return new RoundsError('download_failed', `${file} could not be fetched from the host.`);
  if (!response.ok) {
    return new RoundsError(
      'start_blocked',
      `The host answers ${response.status} for ${file}: copy the whole folder of the site to the host again.`,
    );
  }
  const type = response.headers.get('content-type') ?? 'no type';
  if (!SCRIPT_TYPE.test(type))
    return new RoundsError(
      'start_blocked',
      `The host sends ${file} as ${type}: it must send .js files as text/javascript.`,
    );
  if (globalThis.crossOriginIsolated && !response.headers.has('cross-origin-embedder-policy')) {
    return new RoundsError(
      'start_blocked',
      `The host sends Cross-Origin-Embedder-Policy with the page but not with ${file}: it must send that header with every file or with none.`,
    );
  }
  return unknown;
}
