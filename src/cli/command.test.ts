import { expect, it } from 'vitest';
import { RoundsError } from '../shared/errors';
import { UsageError, type Command } from './command';
import { runHere } from './testing/runHere';

it.each<[string, Command, number, string]>([
  ['that ends well', async () => undefined, 0, ''],
  ['whose check failed', async () => false, 1, ''],
  [
    'that is used wrongly',
    async () => {
      throw new UsageError('Give --pack DIR.');
    },
    2,
    'Give --pack DIR.\nTry --help.\n',
  ],
  [
    'that fails with a code',
    async () => {
      throw new RoundsError('pack_invalid', 'The pack is empty.');
    },
    1,
    'pack_invalid: The pack is empty.\n',
  ],
  ['that is stopped', async ({ signal }) => signal.throwIfAborted(), 1, 'aborted: Stopped.\n'],
  [
    'with a bug',
    async () => {
      throw new TypeError('x is undefined');
    },
    1,
    'internal: x is undefined\n',
  ],
])('a command %s', async (_what, command, status, stderr) => {
  expect(await runHere(command, [], AbortSignal.abort())).toEqual({ status, stdout: '', stderr });
});
