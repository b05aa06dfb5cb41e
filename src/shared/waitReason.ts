/** Why a transfer waits before its next request. The page words it (src/app/text/jobDetail.ts). */
export type WaitReason =
  | { code: 'offline' }
  /** The server is busy or broken: 408, 425, 429 or 5xx. */
  | { code: 'server_status'; params: { status: number } }
  /** The signed address behind a redirect has run out; asking the first address again renews it. */
  | { code: 'redirect_status'; params: { status: number } }
  | { code: 'connection_failed' }
  | { code: 'connection_stalled' }
  /** A web page came instead of the file, as from a captive portal. */
  | { code: 'web_page' }
  /** The file is longer or shorter than it should be. `received` is null where reading was given up. */
  | { code: 'wrong_length'; params: { received: number | null; expected: number } }
  /** The file's SHA-256 is not the expected one. */
  | { code: 'damaged'; params: { file: string } };
