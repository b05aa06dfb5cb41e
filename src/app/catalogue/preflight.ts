/**
 * Can this device run a model, and keep it? Judged before the first byte is fetched, from what the browser tells. Where
 * it tells too little to promise anything, nothing is promised: "certainly not" and "nothing speaks against it" are all
 * that can be known.
 */
import { MAX_WASM_PARAMETERS } from '../../shared/deviceLimits';
import type { StorageReport } from '../../shared/library';
import type { DeviceProbe } from '../../shared/protocol';
import { formatBytes } from '../text/format';

/** bad: it will not work. warn: it may not, or only with a drawback. ok: nothing speaks against it. */
export type FindingLevel = 'ok' | 'warn' | 'bad';

export interface Finding {
  about: 'gpu' | 'width' | 'limits' | 'memory' | 'space';
  level: FindingLevel;
  sentence: string;
}

export interface Needs {
  parameters: number;
  packBytes: number;
  /** Of these, here already. */
  presentBytes: number;
  largestTensorBytes: number;
}

export interface DeviceFacts {
  probe: DeviceProbe;
  storage: StorageReport;
  /** navigator.deviceMemory in GiB, which browsers round and cap; null where they don't say. */
  deviceMemoryGib: number | null;
}

export interface Preflight {
  findings: Finding[];
  /** False: it can't be run here, but it can still be fetched and exported for another device. */
  canRun: boolean;
  /** False: it can't be stored here, but perhaps be used for this visit. */
  canKeep: boolean;
}

/** The KV cache for 4,000 tokens, activations of a large image and what is on its way to the GPU. */
const MAX_WORKING_BYTES = 640e6;
/** A private window keeps what it stores in memory, measured at about a gigabyte; what it reports is more. */
const PRIVATE_LIMIT_BYTES = 1e9;
const GIB = 2 ** 30;

/** GPU memory that a model of this size takes while it answers; an estimate. */
export function gpuBytesFor(packBytes: number): number {
  return packBytes + Math.min(packBytes / 2, MAX_WORKING_BYTES);
}

export function preflight(needs: Needs, facts: DeviceFacts): Preflight {
  const device = deviceFindings(needs, facts);
  const space = spaceFinding(needs, facts.storage);
  return {
    findings: [...device, space],
    canRun: device.every(({ level }) => level !== 'bad'),
    canKeep: space.level !== 'bad',
  };
}

function deviceFindings(needs: Needs, facts: DeviceFacts): Finding[] {
  const { gpu } = facts.probe;
  const isSmall = needs.parameters <= MAX_WASM_PARAMETERS;
  if (!gpu) {
    return [
      isSmall
        ? finding('gpu', 'ok', 'There is no WebGPU here, but the model is small enough for WebAssembly.')
        : finding(
            'gpu',
            'bad',
            'This browser offers no WebGPU, and a model of this size can’t run without it. A current Chrome, Edge, Safari or Firefox with graphics acceleration may.',
          ),
    ];
  }
  if (gpu.software && isSmall)
    return [
      finding('gpu', 'ok', 'There is only a software GPU here, so this small model runs with WebAssembly.'),
    ];
  const first = gpu.software
    ? finding(
        'gpu',
        'warn',
        `There is only a software GPU here (${gpu.description}): an answer would take many minutes.`,
      )
    : finding('gpu', 'ok', `WebGPU runs on ${gpu.description}.`);
  return [first, widthFinding(gpu.shaderF16), limitsFinding(needs, gpu), memoryFinding(needs, facts)];
}

function widthFinding(shaderF16: boolean): Finding {
  return shaderF16
    ? finding('width', 'ok', 'It computes with 16-bit numbers (shader-f16).')
    : finding(
        'width',
        'warn',
        'It has no 16-bit numbers (shader-f16): the model runs with 32-bit ones, slower and with more memory.',
      );
}

function limitsFinding(
  { largestTensorBytes }: Needs,
  { maxBufferBytes, maxBindingBytes }: NonNullable<DeviceProbe['gpu']>,
): Finding {
  const limit = Math.min(maxBufferBytes, maxBindingBytes);
  const largest = `The largest part of the model has ${formatBytes(largestTensorBytes)}`;
  return largestTensorBytes > limit
    ? finding('limits', 'bad', `${largest}, but this GPU takes no more than ${formatBytes(limit)} at once.`)
    : finding('limits', 'ok', `${largest}; this GPU takes up to ${formatBytes(limit)} at once.`);
}

function memoryFinding({ packBytes }: Needs, { probe, deviceMemoryGib }: DeviceFacts): Finding {
  const wanted = gpuBytesFor(packBytes);
  const need = `About ${formatBytes(wanted)} of graphics memory are needed`;
  const { allocation } = probe;
  if (allocation) {
    const got = formatBytes(allocation.gotBytes);
    return allocation.gotBytes < allocation.askedBytes
      ? finding('memory', 'bad', `${need}, but a trial got only ${got}. Closing other tabs may help.`)
      : finding('memory', 'ok', `${need}. A trial got them, which is a good sign but no promise.`);
  }
  if (deviceMemoryGib !== null && deviceMemoryGib * GIB < 2 * wanted) {
    return finding(
      'memory',
      'warn',
      `${need}. This device reports only ${deviceMemoryGib} GiB of memory in all, which may be too little.`,
    );
  }
  return finding('memory', 'warn', `${need}. Browsers do not say how much there is; a trial can tell more.`);
}

function spaceFinding({ packBytes, presentBytes }: Needs, storage: StorageReport): Finding {
  const missing = Math.max(packBytes - presentBytes, 0);
  const room = storage.quota === null ? null : storage.quota - (storage.usage ?? 0);
  const need = `${formatBytes(missing)} of storage are needed`;
  if (storage.isPrivate) {
    return missing > PRIVATE_LIMIT_BYTES
      ? finding('space', 'bad', `${need}, more than a private window can keep.`)
      : finding('space', 'warn', 'This looks like a private window: what is stored is gone when it closes.');
  }
  if (room !== null && room < missing) {
    return finding(
      'space',
      'bad',
      `${need}, but the browser has room for ${formatBytes(Math.max(room, 0))} at most.`,
    );
  }
  if (room === null)
    return finding('space', 'warn', `${need}. This browser does not say how much room there is.`);
  // Chromium's private windows can't be told from others, so what holds in them is said to everybody.
  const privately =
    missing > PRIVATE_LIMIT_BYTES && !storage.persisted
      ? ' A private window has less room than it says, and keeps nothing.'
      : '';
  return finding(
    'space',
    'ok',
    `${need}. Nothing speaks against it; should the room run out, what was fetched is kept.${privately}`,
  );
}

function finding(about: Finding['about'], level: FindingLevel, sentence: string): Finding {
  return { about, level, sentence };
}
