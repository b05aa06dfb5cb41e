/** Facts of a file that the page gets, and those that it gets only on request. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecodeOptions } from '../decoded';
import { decodeDicom } from './decodeDicom';
import { dicomFile, imageElements, type TestElement } from './testing/testDicom';

const FOLDER = join(import.meta.dirname, '../../../models/goldens/images');

async function factsOf(more: TestElement[], options: DecodeOptions = {}) {
  const file = await dicomFile(imageElements({ rows: 1, columns: 1, pixels: [1], more }));
  return (await decodeDicom(file, options)).facts;
}

const read = async (file: string, options: DecodeOptions = {}) =>
  (await decodeDicom(new Uint8Array(readFileSync(join(FOLDER, file))), options)).facts;

describe('facts of a DICOM file', () => {
  it('describe the pixels', async () => {
    expect(await read('made/window.dcm')).toMatchObject({
      format: 'DICOM',
      frames: 1,
      window: [1000, 900],
      unit: 'HU',
      pixelAspect: 1,
      dicom: {
        modality: 'CT',
        rows: 24,
        columns: 31,
        photometric: 'MONOCHROME2',
        bitsStored: 12,
        transferSyntax: { uid: '1.2.840.10008.1.2.1', name: 'Explicit VR Little Endian' },
        isLossy: false,
        burnedIn: 'unknown',
        isDeidentified: false,
      },
    });
  });

  it('offer the file’s windows by its own labels, then those of CT', async () => {
    const { presets } = await read('made/window.dcm');
    expect(presets).toEqual([
      { label: { code: 'file_text', params: { text: 'WIDE' } }, window: [1000, 900] },
      { label: { code: 'file_text', params: { text: 'NARROW' } }, window: [40, 400] },
      { label: { code: 'soft_tissue' }, window: [40, 400] },
      { label: { code: 'lung' }, window: [-600, 1500] },
      { label: { code: 'bone' }, window: [400, 1800] },
      { label: { code: 'brain' }, window: [40, 80] },
    ]);
  });

  it('have no window if a table of the file was applied, unless one is requested', async () => {
    expect((await read('made/voi_lut_16.dcm')).window).toBeNull();
    expect((await read('made/voi_lut_16.dcm', { window: [2000, 900] })).window).toEqual([2000, 900]);
  });

  it('warn of text in the pixels, and know the shape of a pixel', async () => {
    const facts = await read('made/aspect.dcm');
    expect(facts).toMatchObject({ pixelAspect: 2, dicom: { burnedIn: 'yes' } });
    const spaced = await factsOf([
      { tag: [0x0028, 0x0030], vr: 'DS', value: '0.9\\0.6' },
      { tag: [0x0028, 0x0301], vr: 'CS', value: 'NO' },
      { tag: [0x0012, 0x0062], vr: 'CS', value: 'YES' },
    ]);
    expect(spaced.pixelAspect).toBeCloseTo(1.5, 10);
    expect(spaced.dicom).toMatchObject({ burnedIn: 'no', isDeidentified: true });
  });

  it('call pixels lossy if they were compressed with loss, now or before', async () => {
    expect((await read('made/jpeg_12.dcm')).dicom?.isLossy).toBe(true);
    expect((await read('made/jpeg_lossless_p1.dcm')).dicom?.isLossy).toBe(false);
    expect((await factsOf([{ tag: [0x0028, 0x2110], vr: 'CS', value: '01' }])).dicom?.isLossy).toBe(true);
  });

  const identity: TestElement[] = [
    { tag: [0x0008, 0x0005], vr: 'CS', value: 'ISO_IR 192' },
    { tag: [0x0008, 0x0080], vr: 'LO', value: 'Klinik Süd' },
    { tag: [0x0008, 0x0090], vr: 'PN', value: '' },
    { tag: [0x0009, 0x0010], vr: 'LO', value: 'MAKER' },
    { tag: [0x0010, 0x0020], vr: 'LO', value: '  ' },
  ];

  it('name the filled fields that identify somebody, without their values', async () => {
    const facts = await factsOf(identity);
    expect(facts.dicom?.identifying).toEqual([
      { code: 'PatientName' },
      { code: 'InstitutionName' },
      { code: 'PrivateElements' },
    ]);
    expect(JSON.stringify(facts)).not.toMatch(/Secret|Klinik|MAKER/);
  });

  it('have the values on request, in the file’s character set', async () => {
    const { dicom } = await factsOf(identity, { identity: true });
    expect(dicom?.identifying.slice(0, 2)).toEqual([
      { code: 'PatientName', value: 'Secret^Person' },
      { code: 'InstitutionName', value: 'Klinik Süd' },
    ]);
  });

  it('have grey values on request only, not inverted', async () => {
    const bytes = new Uint8Array(readFileSync(join(FOLDER, 'made/monochrome1.dcm')));
    expect((await decodeDicom(bytes)).raw).toBeUndefined();
    const { raw, data } = await decodeDicom(bytes, { raw: true });
    expect(raw).toMatchObject({ isInverted: true, shape: 'LINEAR' });
    const darkest = raw!.values.indexOf(Math.min(...raw!.values));
    expect(data[darkest * 3]).toBe(255);
  });
});
