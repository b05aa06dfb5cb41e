/** Facts about this device's GPU, found out without a model. */
import type { DeviceProbe } from '../shared/protocol';
import { openDevice, type AdapterSummary } from './device';

/** One buffer of a trial: below every common maxBufferSize, and few enough buffers for gigabytes. */
const STEP_BYTES = 256 * 1024 * 1024;

/**
 * The adapter's facts, and with `allocateBytes` above 0 a trial: allocates buffers until that much is reached or the
 * driver refuses, writes to both ends so that the memory is really used, and frees them. Drivers may still hand out more
 * memory than there is, so only a failed trial is conclusive.
 */
export async function probeDevice(
  summary: AdapterSummary | null,
  allocateBytes: number,
): Promise<DeviceProbe> {
  if (!summary) return { gpu: null, allocation: null };
  const { adapter, description, software } = summary;
  const gpu = {
    description,
    software,
    shaderF16: adapter.features.has('shader-f16'),
    maxBufferBytes: adapter.limits.maxBufferSize,
    maxBindingBytes: adapter.limits.maxStorageBufferBindingSize,
  };
  if (allocateBytes <= 0) return { gpu, allocation: null };
  const { device } = await openDevice(summary);
  try {
    const gotBytes = await allocate(device, allocateBytes, Math.min(STEP_BYTES, gpu.maxBufferBytes));
    return { gpu, allocation: { askedBytes: allocateBytes, gotBytes } };
  } finally {
    device.destroy();
  }
}

/** Bytes that were allocated, in steps; `askedBytes` if all were. */
async function allocate(device: GPUDevice, askedBytes: number, stepBytes: number): Promise<number> {
  let isLost = false;
  void device.lost.then(() => (isLost = true));
  const buffers: GPUBuffer[] = [];
  let gotBytes = 0;
  while (gotBytes < askedBytes) {
    // WebGPU does not throw when memory runs out: it makes an invalid buffer and reports to the error scope.
    const size = Math.min(stepBytes, Math.ceil((askedBytes - gotBytes) / 4) * 4);
    const buffer = await tryBuffer(device, size);
    if (isLost || !buffer) break;
    buffers.push(buffer);
    gotBytes += size;
  }
  for (const buffer of buffers) buffer.destroy();
  return Math.min(gotBytes, askedBytes);
}

async function tryBuffer(device: GPUDevice, size: number): Promise<GPUBuffer | null> {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  let buffer: GPUBuffer | null = null;
  let isWritten = false;
  try {
    buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    const word = Uint32Array.of(1);
    device.queue.writeBuffer(buffer, 0, word);
    device.queue.writeBuffer(buffer, size - 4, word);
    await device.queue.onSubmittedWorkDone();
    isWritten = true;
  } catch {
    // Some browsers throw a RangeError instead of using the scope, and a lost device rejects.
  }
  // A lost device has no scopes any more and rejects.
  const errors = await Promise.all([device.popErrorScope(), device.popErrorScope()]).catch(() => ['lost']);
  if (isWritten && errors.every((error) => error === null)) return buffer;
  buffer?.destroy();
  return null;
}
