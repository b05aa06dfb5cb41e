import { describe, expect, it } from 'vitest';
import { droppedFiles, localKind, pickedFiles } from './localFiles';

function file(name: string, path = ''): File {
  return Object.assign(new File(['x'], name), { webkitRelativePath: path });
}

function folderEntry(name: string, children: object[]): object {
  const portions = [children.slice(0, 1), children.slice(1), []];
  const readEntries = (resolve: (entries: object[]) => void) => resolve(portions.shift() ?? []);
  return { name, isDirectory: true, isFile: false, createReader: () => ({ readEntries }) };
}

const fileEntry = (name: string): object => ({
  name,
  isFile: true,
  isDirectory: false,
  file: (resolve: (file: File) => void) => resolve(file(name)),
});

function transfer(entries: object[], files: File[]): DataTransfer {
  const items = entries.map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry }));
  return { items, files } as unknown as DataTransfer;
}

describe('localKind', () => {
  it.each([
    [['pack.json', 'shard-00000.bin'], 'pack'],
    [['model.zip'], 'pack'],
    [['config.json', 'model.safetensors', 'tokenizer.json'], 'checkpoint'],
    [['model.safetensors'], 'unknown'],
    [['a.png', 'b.png'], 'unknown'],
    [[], 'unknown'],
  ])('%j is %s', (names, kind) => {
    expect(localKind({ name: 'x', files: names.map((name) => file(name)) })).toBe(kind);
  });
});

describe('pickedFiles', () => {
  it('takes the files of the folder and leaves its folders out', () => {
    const picked = pickedFiles([
      file('config.json', 'model/config.json'),
      file('config.json', 'model/onnx/config.json'),
    ]);
    expect(picked.name).toBe('model');
    expect(picked.files.map(({ webkitRelativePath }) => webkitRelativePath)).toEqual(['model/config.json']);
  });

  it('takes loose files', () => {
    expect(pickedFiles([file('pack.zip')])).toMatchObject({ name: 'pack.zip' });
    expect(pickedFiles([])).toEqual({ name: '', files: [] });
  });
});

describe('droppedFiles', () => {
  it('reads a dropped folder to its end', async () => {
    const folder = folderEntry('model', [
      fileEntry('config.json'),
      folderEntry('onnx', []),
      fileEntry('b.bin'),
    ]);
    const dropped = await droppedFiles(transfer([folder], []));
    expect(dropped.name).toBe('model');
    expect(dropped.files.map(({ name }) => name)).toEqual(['config.json', 'b.bin']);
  });

  it('takes dropped files as they are', async () => {
    const dropped = await droppedFiles(transfer([fileEntry('a.zip')], [file('a.zip')]));
    expect(dropped.files.map(({ name }) => name)).toEqual(['a.zip']);
  });
});
