import { expect, it } from 'vitest';
import { RoundsError } from '../shared/errors';
import type { FromLibrary, LibraryRequest } from '../shared/library';
import type { LibraryService } from '../runtime/library/library';
import { LibraryHandler } from './libraryHandler';

function setup(calls: Partial<LibraryService>): {
  handle: (request: LibraryRequest) => void;
  posted: FromLibrary[];
} {
  const posted: FromLibrary[] = [];
  const handler = new LibraryHandler(calls as LibraryService, (message) => posted.push(message));
  return { handle: (request) => handler.handle(request), posted };
}

it('answers each request once, also where the call throws at once', async () => {
  const { handle, posted } = setup({
    pause: ({ jobId }) =>
      jobId === 'known' ? Promise.resolve(null) : Promise.reject(new RoundsError('aborted', 'no')),
    deleteAll: () => {
      throw new Error('unforeseen');
    },
  });
  handle({ id: 1, call: 'pause', params: { jobId: 'known' } });
  handle({ id: 2, call: 'pause', params: { jobId: 'other' } });
  handle({ id: 3, call: 'deleteAll', params: {} });
  await expect.poll(() => posted.length).toBe(3);
  posted.sort((a, b) => ('id' in a && 'id' in b ? a.id - b.id : 0));
  expect(posted).toMatchObject([
    { type: 'result', id: 1, result: null },
    { type: 'error', id: 2, error: { code: 'aborted', message: 'no' } },
    { type: 'error', id: 3, error: { code: 'internal', message: 'unforeseen' } },
  ]);
});

it('does not let a long call hold up others', async () => {
  const { handle, posted } = setup({
    add: () => new Promise(() => undefined),
    pause: () => Promise.resolve(null),
  });
  handle({ id: 1, call: 'add', params: { origin: { kind: 'pack', url: 'https://example.org/' } } });
  handle({ id: 2, call: 'pause', params: { jobId: 'x' } });
  await expect.poll(() => posted).toMatchObject([{ type: 'result', id: 2 }]);
});
