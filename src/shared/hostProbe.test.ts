import { afterEach, describe, expect, it, vi } from 'vitest';
import { unreachable } from './hostProbe';
import { RetryableError } from './retry';

const URL_OF_HOST = 'https://hub.example/api/models/org/name';

afterEach(() => vi.unstubAllGlobals());

/** As in a browser, whose own address is another one. */
function withFetch(): ReturnType<typeof vi.fn> {
  const fetched = vi.fn(() => Promise.resolve(new Response(null)));
  vi.stubGlobal('location', { origin: 'https://page.example' });
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

describe('a host that could not be read', () => {
  it('is asked again where it failed at once, because CORS looks like that', async () => {
    const fetched = withFetch();
    const failed = new RetryableError({ code: 'connection_failed' }, 'failed');
    expect((await unreachable(URL_OF_HOST, failed)).code).toBe('download_blocked');
    expect(fetched).toHaveBeenCalledOnce();
  });

  it('is not waited for again where it was silent', async () => {
    const fetched = withFetch();
    const silent = new RetryableError({ code: 'connection_stalled' }, 'silent');
    expect((await unreachable(URL_OF_HOST, silent)).code).toBe('host_unreachable');
    expect(fetched).not.toHaveBeenCalled();
  });
});
