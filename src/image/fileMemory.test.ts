import { expect, it, vi } from 'vitest';
import { FileMemory } from './fileMemory';

const reader = () => vi.fn(() => Promise.resolve({}));

it('reads a part once per file, and again after another file', async () => {
  const memory = new FileMemory();
  const read = reader();
  const first = await memory.of('a')('volume', 10, read);
  expect(await memory.of('a')('volume', 10, read)).toBe(first);
  await memory.of('a')('bytes', 10, read);
  expect(read).toHaveBeenCalledTimes(2);
  await memory.of('b')('volume', 10, read);
  await memory.of('a')('volume', 10, read);
  expect(read).toHaveBeenCalledTimes(4);
});

it('stores nothing for a file once another one has followed', async () => {
  const memory = new FileMemory();
  const read = reader();
  const late = memory.of('a');
  memory.of('b');
  await late('volume', 10, read);
  await memory.of('b')('volume', 10, read);
  expect(read).toHaveBeenCalledTimes(2);
});

it('stores no failure, and nothing that is too large', async () => {
  const memory = new FileMemory();
  const remember = memory.of('a');
  await expect(remember('bytes', 1, () => Promise.reject(new Error('cut')))).rejects.toThrow('cut');
  const read = reader();
  await remember('bytes', 1, read);
  await remember('huge', 1e9, read);
  await remember('huge', 1e9, read);
  expect(read).toHaveBeenCalledTimes(3);
});
