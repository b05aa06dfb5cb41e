import { describe, expect, it } from 'vitest';
import type { FromImages } from '../shared/imageProtocol';
import { ImageHandler, type ImagePorts } from './imageHandler';

const IMAGE = { blob: new Blob(['x']), name: 'x.png' };
const FACTS = {
  format: 'PNG' as const,
  frames: 1,
  frame: 0,
  window: null,
  presets: [],
  unit: '',
  pixelAspect: 1,
};
const PIXEL = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3), facts: FACTS };

function setup(decodeImage: ImagePorts['decodeImage'] = () => Promise.resolve(PIXEL)) {
  const surveyFile = () => Promise.resolve({ kind: 'image' } as const);
  const posted: { message: FromImages; transfer: Transferable[] }[] = [];
  const handler = new ImageHandler({ decodeImage, surveyFile }, (message, transfer = []) =>
    posted.push({ message, transfer }),
  );
  const reply = async (): Promise<FromImages | undefined> => {
    await expect.poll(() => posted.length).toBe(1);
    return posted[0]?.message;
  };
  return { handler, posted, reply };
}

describe('ImageHandler', () => {
  it('answers a preview before any model is loaded', async () => {
    const { handler, reply } = setup();
    handler.handle({ id: 1, call: 'preview', params: { image: IMAGE, model: null } });
    const message = await reply();
    expect(message).toMatchObject({
      type: 'result',
      id: 1,
      result: { width: 1, height: 1, resizedRgba: null, tokens: 0 },
    });
    expect(message?.type === 'result' && 'rgba' in message.result && [...message.result.rgba]).toEqual([
      1, 2, 3, 255,
    ]);
  });

  it('passes on which frame is wanted, and gives facts and values with the pixels', async () => {
    const raw = { values: Int16Array.of(-7), shape: 'LINEAR' as const, isInverted: false };
    const asked: unknown[] = [];
    const { handler, reply } = setup((image, wanted) => {
      asked.push(image, wanted);
      return Promise.resolve({ ...PIXEL, facts: { ...FACTS, format: 'DICOM', frames: 9, frame: 4 }, raw });
    });
    const image = { ...IMAGE, frame: 4, window: [40, 400] as [number, number] };
    handler.handle({ id: 1, call: 'preview', params: { image, raw: true, model: null } });
    expect(await reply()).toMatchObject({ result: { format: 'DICOM', frames: 9, frame: 4, raw, width: 1 } });
    expect(asked).toEqual([image, { raw: true }]);
  });

  it('decodes for the model, and hands over these pixels only, not the file that they lie in', async () => {
    const file = Uint8Array.of(9, 1, 2, 3, 9, 9);
    const { handler, posted, reply } = setup(() => Promise.resolve({ ...PIXEL, data: file.subarray(1, 4) }));
    handler.handle({ id: 1, call: 'decode', params: { image: IMAGE } });
    expect(await reply()).toMatchObject({ result: { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) } });
    expect((posted[0]?.transfer[0] as ArrayBuffer).byteLength).toBe(3);
    expect(file).toHaveLength(6);
  });

  it('turns a foreign exception into an internal error, and is no longer busy', async () => {
    const { handler, reply } = setup(() => Promise.reject(new TypeError('boom')));
    handler.handle({ id: 1, call: 'preview', params: { image: IMAGE, model: null } });
    expect(handler.isBusy).toBe(true);
    expect(await reply()).toMatchObject({ type: 'error', error: { code: 'internal', message: 'boom' } });
    await expect.poll(() => handler.isBusy).toBe(false);
  });
});
