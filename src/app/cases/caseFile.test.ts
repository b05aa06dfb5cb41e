import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../shared/sha256';
import { ZipWriter } from '../../shared/zipWriter';
import { CASE_FILE, isCaseFile, readCaseFile, writeCaseFile, type FullCase } from './caseFile';
import { TEST_IMAGE, testCase } from './testing/testCase';

const NOW = '2026-11-02T00:00:00.000Z';
const encode = (text: string) => new TextEncoder().encode(text);

async function fullCase(): Promise<FullCase> {
  const bytes = encode('pixel');
  const sha256 = await sha256Hex(bytes);
  const images = new Map([[sha256, new Blob([bytes], { type: 'image/png' })]]);
  return { record: testCase({ images: [{ ...TEST_IMAGE, sha256, bytes: bytes.length }] }), images };
}

async function fileOf(change: (manifest: Record<string, unknown>) => void): Promise<Blob> {
  const { record, images } = await fullCase();
  const manifest = { format: 'rounds-cases', version: 1, exportedAt: NOW, cases: [record] };
  change(manifest);
  const zip = new ZipWriter();
  await zip.add(CASE_FILE, encode(JSON.stringify(manifest)));
  for (const [hash, blob] of images)
    await zip.add(`images/${hash}.png`, new Uint8Array(await blob.arrayBuffer()));
  return zip.finish();
}

describe('a file of cases', () => {
  it('gives back the cases and the bytes of their images', async () => {
    const full = await fullCase();
    const [read] = await readCaseFile(await writeCaseFile([full], NOW));
    expect(read?.record).toEqual(full.record);
    const [hash] = [...full.images.keys()];
    const blob = read?.images.get(hash ?? '');
    expect(blob?.type).toBe('image/png');
    expect(await blob?.text()).toBe('pixel');
  });

  it('holds a picture once, however many cases have it', async () => {
    const full = await fullCase();
    const second = { ...full, record: { ...full.record, id: '77777777-7777-4777-8777-777777777777' } };
    const file = await writeCaseFile([full, second], NOW);
    expect((await file.text()).split('pixel')).toHaveLength(2);
    expect(await readCaseFile(file)).toHaveLength(2);
  });

  it.each<[string, (manifest: Record<string, unknown>) => void, RegExp]>([
    ['another format', (manifest) => (manifest['format'] = 'zip'), /format/],
    ['a newer version', (manifest) => (manifest['version'] = 9), /newer version of this page/],
    ['a case twice', (manifest) => (manifest['cases'] = [testCase(), testCase()]), /twice/],
    ['an image that is not there', (manifest) => (manifest['cases'] = [testCase()]), /has no images\/aaaa/],
    ['no case at all', (manifest) => (manifest['cases'] = [5]), /cases\[0\]/],
  ])('is refused with %s', async (_, change, reason) => {
    const refused = readCaseFile(await fileOf(change));
    await expect(refused).rejects.toMatchObject({
      code: 'case_invalid',
      message: expect.stringMatching(reason) as string,
    });
  });

  it('is refused where an image was changed', async () => {
    const text = await (await fileOf(() => undefined)).arrayBuffer();
    const bytes = new Uint8Array(text);
    const at = new TextDecoder('latin1').decode(bytes).lastIndexOf('pixel');
    bytes[at] = 'P'.charCodeAt(0);
    await expect(readCaseFile(new Blob([bytes]))).rejects.toMatchObject({ code: 'case_invalid' });
  });

  it.each(['', 'PK', 'not a zip at all'])('is refused where it is %j', async (text) => {
    await expect(readCaseFile(new Blob([text]))).rejects.toMatchObject({ code: 'case_invalid' });
  });

  it('is not confused with a model’s', async () => {
    const file = await fileOf(() => undefined);
    expect(await isCaseFile(new File([file], 'renamed.zip'))).toBe(true);
    const zip = new ZipWriter();
    await zip.add('pack.json', encode('{}'));
    expect(await isCaseFile(new File([zip.finish()], 'model.zip'))).toBe(false);
    expect(await isCaseFile(new File(['x'], 'image.png'))).toBe(false);
  });
});
