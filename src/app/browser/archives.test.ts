import { describe, expect, it } from 'vitest';
import { ZipWriter } from '../../shared/zipWriter';
import { unpackArchives } from './archives';
import { chosenFiles, MAX_FILES, type FoundFile } from './foundFiles';

async function zip(entries: Record<string, Uint8Array<ArrayBuffer> | string>): Promise<Blob> {
  const writer = new ZipWriter();
  for (const [path, content] of Object.entries(entries)) {
    await writer.add(path, typeof content === 'string' ? new TextEncoder().encode(content) : content);
  }
  return writer.finish();
}

const found = (blob: Blob, path: string): FoundFile => ({
  file: new File([blob], path.split('/').pop() ?? path),
  path,
});
const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());
const unpack = async (...files: FoundFile[]) => {
  const result = await unpackArchives({ files, skipped: [] });
  return { paths: result.files.map(({ path }) => path), skipped: result.skipped, files: result.files };
};

/** A ZIP of one deflated entry of zeros, as another program writes it. */
function deflatedZip(name: string, size: number, claimed = size): Promise<Blob> {
  return deflatedFile(name, [new Uint8Array(size)], claimed);
}

async function deflatedFile(
  name: string,
  content: readonly Uint8Array<ArrayBuffer>[],
  claimed: number,
): Promise<Blob> {
  const stream = new Blob([...content]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const packed = await bytesOf(await new Response(stream).blob());
  const path = new TextEncoder().encode(name);
  const head = new DataView(new ArrayBuffer(30));
  head.setUint32(0, 0x04034b50, true);
  head.setUint16(26, path.length, true);
  const entry = new DataView(new ArrayBuffer(46));
  entry.setUint32(0, 0x02014b50, true);
  entry.setUint16(10, 8, true);
  entry.setUint32(20, packed.length, true);
  entry.setUint32(24, claimed, true);
  entry.setUint16(28, path.length, true);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint32(12, 46 + path.length, true);
  end.setUint32(16, 30 + path.length + packed.length, true);
  return new Blob([head, path, packed, entry, path, end]);
}

describe('unpackArchives', () => {
  it('replaces an archive by its files in natural order, without what systems add', async () => {
    const blob = await zip({
      'scan/IM10': 'b',
      'scan/IM2': 'a',
      '__MACOSX/scan/._IM2': 'x',
      'scan/.DS_Store': 'x',
      DICOMDIR: 'x',
    });
    const { paths, files } = await unpack(found(blob, 'study.zip'), found(new Blob(['p']), 'photo.png'));
    expect(paths).toEqual(['study.zip/scan/IM2', 'study.zip/scan/IM10', 'photo.png']);
    expect(await files[0]?.file.text()).toBe('a');
    expect(files[0]?.file.name).toBe('IM2');
  });

  it('unpacks deflated entries, and an archive inside an archive, but not deeper', async () => {
    const inner = await bytesOf(await deflatedZip('a.bin', 1000));
    const middle = await bytesOf(await zip({ 'inner.zip': inner }));
    const outer = await zip({ 'middle.zip': middle });
    const { paths, skipped } = await unpack(found(outer, 'outer.zip'));
    expect(paths).toEqual([]);
    expect(skipped).toEqual([{ path: 'outer.zip/middle.zip/inner.zip', reason: 'tooDeep' }]);
    const second = await unpack(found(new Blob([middle]), 'middle.zip'));
    expect(second.paths).toEqual(['middle.zip/inner.zip/a.bin']);
    expect(second.files[0]?.file.size).toBe(1000);
  });

  it('unpacks entries of any size, like the decoders, up to the limit of all together', async () => {
    const inner = new Uint8Array(120_000_000);
    const large = await zip({ 'multiframe.dcm': inner, 'x.dcm': 'x' });
    const { paths, files } = await unpack(found(large, 'study.zip'));
    expect(paths).toEqual(['study.zip/multiframe.dcm', 'study.zip/x.dcm']);
    expect(files[0]?.file.size).toBe(inner.length);
  });

  it('says what it can’t unpack: damage, a false size, too much', async () => {
    const damaged = (await zip({ a: 'x' })).slice(0, 40);
    const lying = await deflatedZip('a.bin', 1000, 10);
    const huge = await deflatedZip('a.bin', 100, 0x7fffffff);
    const result = await unpack(found(damaged, 'd.zip'), found(lying, 'l.zip'), found(huge, 'h.zip'));
    expect(result.paths).toEqual([]);
    expect(result.skipped).toEqual([
      { path: 'd.zip', reason: 'archive' },
      { path: 'l.zip/a.bin', reason: 'archive' },
      { path: 'h.zip/a.bin', reason: 'tooLarge' },
    ]);
  });

  it('refuses a bomb by its ratio, and stops at the limit of files', async () => {
    const bomb = await deflatedZip('zeros.bin', 40 * 1024 * 1024);
    expect((await unpack(found(bomb, 'bomb.zip'))).skipped).toEqual([
      { path: 'bomb.zip/zeros.bin', reason: 'tooLarge' },
    ]);
    const entries = Object.fromEntries(Array.from({ length: MAX_FILES + 20 }, (_, k) => [`f${k}`, 'x']));
    const { paths, skipped } = await unpack(found(await zip(entries), 'many.zip'));
    expect(paths).toHaveLength(MAX_FILES);
    expect(skipped).toEqual([{ path: `many.zip/f${MAX_FILES}`, reason: 'tooMany' }]);
  });

  it('unpacks images that are larger than a shard of a model', async () => {
    const kilobyte = Uint8Array.from({ length: 1024 }, (_, i) => (i * i) >> 3);
    const size = 105 * 1024 * 1024;
    const content = new Array<Uint8Array<ArrayBuffer>>(size / 1024).fill(kilobyte);
    const blob = await deflatedFile('ct.nii', content, size);
    const { files, skipped } = await unpack(found(blob, 'ct.zip'));
    expect(skipped).toEqual([]);
    expect(files[0]?.file.size).toBe(size);
    const middle = files[0]!.file.slice(size / 2, size / 2 + 1024);
    expect(await bytesOf(middle)).toEqual(kilobyte);
  });

  it('counts what is stored without compression for nothing, because it stays where it is', async () => {
    const half = new Uint8Array(300 * 1024 * 1024);
    const blob = new Blob([await zip({ 'a.dcm': half })]);
    const { paths, skipped } = await unpack(
      ...['a', 'b', 'c', 'd'].map((name) => found(blob, `${name}.zip`)),
    );
    expect(skipped).toEqual([]);
    expect(paths).toHaveLength(4);
  });

  it('opens documents and programs inside folders only if they are named .zip', async () => {
    const blob = await zip({ 'word/document.xml': 'x' });
    expect((await unpack(found(blob, 'disc/letter.docx'))).paths).toEqual(['disc/letter.docx']);
    expect((await unpack(found(blob, 'disc/more.zip'))).paths).toEqual(['disc/more.zip/word/document.xml']);
  });
});

describe('chosenFiles', () => {
  it('takes a folder with its folders, in natural order', () => {
    const list = ['s/b/IM10', 's/b/IM9', 's/.hidden', 's/DICOMDIR', 's/a/IM1'].map((path) =>
      Object.assign(new File(['x'], path.split('/').pop() ?? ''), { webkitRelativePath: path }),
    );
    expect(chosenFiles(list).files.map(({ path }) => path)).toEqual(['s/a/IM1', 's/b/IM9', 's/b/IM10']);
  });

  it('keeps the order of loose files, whatever they are called', () => {
    const list = ['b.png', 'DICOMDIR', '.a.png'].map((name) => new File(['x'], name));
    expect(chosenFiles(list).files.map(({ path }) => path)).toEqual(['b.png', 'DICOMDIR', '.a.png']);
  });
});
