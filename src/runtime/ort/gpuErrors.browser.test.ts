import { afterEach, describe, expect, it } from 'vitest';
import { findAdapter, openDevice, type AdapterSummary } from '../device';
import { OrtBackend } from './ortBackend';
import { loadOrt } from './loadOrt';

const opened: OrtBackend[] = [];

async function open(summary: AdapterSummary): Promise<{ backend: OrtBackend; device: GPUDevice }> {
  const { device } = await openDevice(summary);
  const backend = new OrtBackend(await loadOrt('jspi'), device, 'f32');
  opened.push(backend);
  return { backend, device };
}

/** A copy from a buffer that can't be copied from; waiting for the queue brings the error here. */
async function causeError(device: GPUDevice): Promise<void> {
  const usage = GPUBufferUsage.STORAGE;
  const [from, to] = [device.createBuffer({ size: 4, usage }), device.createBuffer({ size: 4, usage })];
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(from, 0, to, 0, 4);
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
}

afterEach(async () => {
  for (const backend of opened.splice(0)) await backend.dispose();
});

describe('a GPU that reports an error', async () => {
  const summary = await findAdapter();

  it.skipIf(!summary)('can give a second device, though an adapter gives one only', async () => {
    const first = await open(summary!);
    const second = await open(summary!);
    expect(second.device).not.toBe(first.device);
    expect([first.backend.failure, second.backend.failure]).toEqual([null, null]);
  });

  it.skipIf(!summary)('is no longer used, whatever the error is', async () => {
    const { backend, device } = await open(summary!);
    await causeError(device);
    await expect.poll(() => backend.failure?.code).toBe('device_lost');
    const tensor = backend.upload('float32', Float32Array.of(1), [1]);
    await expect(backend.read(tensor)).rejects.toMatchObject({ code: 'device_lost' });
  });

  it.skipIf(!summary)('keeps the first cause', async () => {
    const { backend, device } = await open(summary!);
    await causeError(device);
    await expect.poll(() => backend.failure?.message).toMatch(/reported an error/);
    device.destroy();
    await device.lost;
    expect(backend.failure?.message).toMatch(/reported an error/);
  });
});
