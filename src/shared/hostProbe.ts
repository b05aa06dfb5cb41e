/**
 * Why a host could not be read. A browser reports a host that is not there and one that does not allow other sites to
 * read from it (CORS) by the same TypeError; a request whose answer can't be read distinguishes them.
 */
import { RoundsError } from './errors';
import { RetryableError } from './retry';

/** Requests to a host that never answered: enough for a hiccup, and still within 5 s. */
const FIRST_CONTACT_ATTEMPTS = 3;
/** A host that never answered, behind a firewall that drops packets, is not waited for longer than this. */
export const FIRST_CONTACT_MS = 4_500;
const PROBE_MS = 2_000;
/** The browser reports a blocked answer after the request has failed. */
const REPORT_MS = 300;

export type Reach =
  /** It answers, but other sites may not read the answer. */
  | 'blocked'
  | 'unreachable'
  /** One of both. */
  | 'unknown';

/** Whether a failure says that no answer came: no network, an unknown name, nobody there, or CORS. */
export function isConnectionFailure({ reason }: RetryableError): boolean {
  return reason.code === 'connection_failed' || reason.code === 'connection_stalled';
}

/** A host that is silent is not asked again while somebody waits for its first word. */
export function firstContactAttempts({ reason }: RetryableError): number {
  return reason.code === 'connection_stalled' ? 1 : FIRST_CONTACT_ATTEMPTS;
}

/**
 * The error to report for a host that could not be read.
 * @param url an address that failed
 */
export async function unreachable(
  url: string,
  cause: unknown,
  signal?: AbortSignal | null,
): Promise<RoundsError> {
  const host = URL.canParse(url) ? new URL(url).host : url;
  // What CORS blocks fails at once; a host that is silent would only be waited for again.
  const isSilent = cause instanceof RetryableError && cause.reason.code === 'connection_stalled';
  switch (isSilent ? 'unreachable' : await probeHost(url, signal)) {
    case 'blocked':
      return new RoundsError(
        'download_blocked',
        `${host} answers, but does not allow other sites to read ${url}: the header Access-Control-Allow-Origin (CORS) is missing.`,
        { cause },
      );
    case 'unreachable':
      return new RoundsError(
        'host_unreachable',
        `${host} cannot be reached. Check the connection and the address ${url}.`,
        { cause },
      );
    case 'unknown':
      return new RoundsError(
        'host_unreachable',
        `${host} cannot be reached, or it does not allow other sites to read from it (CORS). Check the connection and the address ${url}.`,
        { cause },
      );
  }
}

/** Never rejects. */
async function probeHost(url: string, signal?: AbortSignal | null): Promise<Reach> {
  if (typeof location === 'undefined' || !URL.canParse(url) || new URL(url).origin === location.origin) {
    return 'unreachable';
  }
  const reports = watchReports(url);
  try {
    const timeout = AbortSignal.timeout(PROBE_MS);
    await fetch(url, {
      mode: 'no-cors',
      credentials: 'omit',
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    return 'blocked';
  } catch {
    return reports ? await reports.outcome() : isolated() ? 'unknown' : 'unreachable';
  } finally {
    reports?.end();
  }
}

/** A page with cross-origin isolation may not even have an answer that it cannot read, unless the host allows that. */
function isolated(): boolean {
  return globalThis.crossOriginIsolated === true;
}

interface Reports {
  outcome(): Promise<Reach>;
  end(): void;
}

/** Parts of the Reporting API, which not every browser has. */
interface ReportingScope {
  ReportingObserver?: new (listener: (reports: readonly Report[]) => void) => {
    observe(): void;
    disconnect(): void;
  };
}

/** Chromium shows the fields of these reports in their JSON only. */
interface Report {
  toJSON?: () => { body?: { blockedURL?: unknown } | null };
}

/** The browser reports an answer that isolation kept from the page: the host is there. Null where it reports nothing. */
function watchReports(url: string): Reports | null {
  const { ReportingObserver } = globalThis as ReportingScope;
  if (!ReportingObserver || !isolated()) return null;
  let hasAnswered = false;
  let answered = (): void => undefined;
  const answer = new Promise<void>((resolve) => (answered = resolve));
  const { origin } = new URL(url);
  const observer = new ReportingObserver((reports) => {
    const addresses = reports.map((report) => report.toJSON?.().body?.blockedURL);
    if (!addresses.some((address) => typeof address === 'string' && address.startsWith(origin))) return;
    hasAnswered = true;
    answered();
  });
  observer.observe();
  return {
    outcome: async () => {
      await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, REPORT_MS))]);
      return hasAnswered ? 'blocked' : 'unreachable';
    },
    end: () => observer.disconnect(),
  };
}
