/**
 * No English crosses from the worker with a preview: what the page words is a code with parameters. Checked twice: by type,
 * for every field of a preview, and by value, for every sample file.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../image/decode';
import { surveyFile } from '../image/survey';
import { IDENTIFYING_CODES } from '../shared/imageFacts';
import type { FromImages } from '../shared/imageProtocol';
import type { ImagePreview } from '../shared/protocol';
import { ImageHandler, type ImagePorts } from './imageHandler';

/** Paths of the fields whose type is any string, array items as `0`. */
type TextPaths<T> = T extends string
  ? string extends T
    ? ''
    : never
  : T extends number | boolean | null | undefined | ArrayBufferView
    ? never
    : T extends readonly (infer Item)[]
      ? `.0${TextPaths<Item>}`
      : { [K in keyof T & string]: `.${K}${TextPaths<T[K]>}` }[keyof T & string];

/** Free text, all of it from the file or from the DICOM standard. A new field of type `string` fails the type check here. */
const FREE_TEXT: Record<TextPaths<Required<ImagePreview>>, 'from the file' | 'from the standard'> = {
  '.unit': 'from the file',
  '.presets.0.label.params.text': 'from the file',
  '.dicom.modality': 'from the file',
  '.dicom.photometric': 'from the file',
  '.dicom.transferSyntax.uid': 'from the standard',
  '.dicom.transferSyntax.name': 'from the standard',
  '.dicom.identifying.0.value': 'from the file',
};

/** Every string of a value, with its path. */
function textsOf(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    textsOf(item, `${path}.${Array.isArray(value) ? '0' : key}`),
  );
}

/** Formats, enumerations and codes are single words. */
const isCode = (text: string): boolean => /^[A-Za-z0-9_]+$/.test(text);

function proseIn(preview: object): string[] {
  const texts = textsOf(preview).filter(([path]) => !(path in FREE_TEXT));
  return texts.filter(([, text]) => !isCode(text)).map(([path, text]) => `${path}: ${text}`);
}

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['models/goldens/images/made', 'models/goldens/images/pydicom', 'public/samples'];
/** Formats of the browser aren't decoded in Node. */
const FILES = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .map((file) => `${folder}/${file}`)
    .filter((path) => statSync(join(ROOT, path)).isFile() && !/\.(jpe?g|md|json|webp|txt)$/i.test(path)),
);

async function previewOf(path: string): Promise<ImagePreview> {
  const ports: ImagePorts = {
    decodeImage: ({ blob, name }, wanted) => decodeImage(blob, { name, ...wanted }),
    surveyFile,
  };
  const blob = new Blob([readFileSync(join(ROOT, path))]);
  const reply = await new Promise<FromImages>((resolve) => {
    const handler = new ImageHandler(ports, resolve);
    handler.handle({
      id: 1,
      call: 'preview',
      params: { image: { blob, name: path }, identity: true, model: null },
    });
  });
  if (reply.type !== 'result') throw new Error(`${path}: ${JSON.stringify(reply)}`);
  return reply.result as ImagePreview;
}

describe('a preview', () => {
  it('has no prose of the worker in it, for every sample file', async () => {
    const seen = new Set<string>();
    for (const path of FILES) {
      const preview = await previewOf(path);
      expect(proseIn(preview), path).toEqual([]);
      for (const [field] of textsOf(preview)) seen.add(field);
    }
    // The files cover every field with free text, so nothing passes for lack of a sample.
    expect([...seen]).toEqual(expect.arrayContaining(Object.keys(FREE_TEXT)));
  });

  it('is found out by this test if it has', () => {
    expect(proseIn({ remark: 'Compressed with loss.' })).toEqual(['.remark: Compressed with loss.']);
    expect(proseIn({ presets: [{ label: { code: 'soft tissue' } }] })).toHaveLength(1);
    expect(
      proseIn({ presets: [{ label: { code: 'file_text', params: { text: 'WIDE, ABDOMEN' } } }] }),
    ).toEqual([]);
  });

  it('has a code for each identifying field', () => {
    expect(IDENTIFYING_CODES.filter((code) => !isCode(code))).toEqual([]);
    expect(new Set(IDENTIFYING_CODES).size).toBe(IDENTIFYING_CODES.length);
  });
});
