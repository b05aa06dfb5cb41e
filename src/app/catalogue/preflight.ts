/**
 * Can this device run a model and store it? Decided before the download from what the browser reports. That never proves
 * that a model will run: the findings are "won't work", "may not work" and "should work".
 */
import { MAX_WASM_PARAMETERS } from '../../shared/deviceLimits';
import type { StorageReport } from '../../shared/library';
import type { DeviceProbe } from '../../shared/protocol';
import { estimateOnWasm } from '../../shared/wasmWeights';
import { t } from '../i18n/i18n.svelte';
import { formatBytes, formatNumber } from '../text/format';

/** bad: won't work. warn: may not work, or only with a drawback. ok: should work. */
export type FindingLevel = 'ok' | 'warn' | 'bad';

export interface Finding {
  about: 'gpu' | 'width' | 'limits' | 'memory' | 'space';
  level: FindingLevel;
  sentence: string;
}

export interface Needs {
  parameters: number;
  packBytes: number;
  /** The part of packBytes that is stored already. */
  presentBytes: number;
  largestTensorBytes: number;
}

export interface DeviceFacts {
  probe: DeviceProbe;
  storage: StorageReport;
  /** navigator.deviceMemory in GiB, which browsers round and cap; null if they don't report it. */
  deviceMemoryGib: number | null;
  /** Threads that WebAssembly may use. */
  threads: number;
}

export interface Preflight {
  findings: Finding[];
  /** False: it can't run here, but it can still be downloaded and exported for another device. */
  canRun: boolean;
  /** False: it can't be stored here, but perhaps used for this visit. */
  canStore: boolean;
}

/** KV cache for 4,000 tokens, activations of a large image, and upload buffers. */
const MAX_WORKING_BYTES = 640e6;
/** Private windows store data in memory: about a gigabyte as measured, although they report more. */
const PRIVATE_LIMIT_BYTES = 1e9;
const GIB = 2 ** 30;

/** Estimated GPU memory that a model of this size takes while it answers. */
export function gpuBytesFor(packBytes: number): number {
  return packBytes + Math.min(packBytes / 2, MAX_WORKING_BYTES);
}

export function preflight(needs: Needs, facts: DeviceFacts): Preflight {
  const device = deviceFindings(needs, facts);
  const space = spaceFinding(needs, facts.storage);
  return {
    findings: [...device, space],
    canRun: device.every(({ level }) => level !== 'bad'),
    canStore: space.level !== 'bad',
  };
}

function deviceFindings(needs: Needs, facts: DeviceFacts): Finding[] {
  const { gpu } = facts.probe;
  const isSmall = needs.parameters <= MAX_WASM_PARAMETERS;
  if (!gpu) {
    return isSmall
      ? wasmFindings('library.noGpuSmall', needs, facts)
      : [finding('gpu', 'bad', t('library.noGpu'))];
  }
  if (gpu.software && isSmall) return wasmFindings('library.softwareGpuSmall', needs, facts);
  const first = gpu.software
    ? finding('gpu', 'warn', t('library.softwareGpu', { gpu: gpu.description }))
    : finding('gpu', 'ok', t('library.gpuFine', { gpu: gpu.description }));
  return [first, widthFinding(gpu.shaderF16), limitsFinding(needs, gpu), memoryFinding(needs, facts)];
}

/** Speed and memory if the model runs on WebAssembly. */
function wasmFindings(
  key: 'library.noGpuSmall' | 'library.softwareGpuSmall',
  { parameters }: Needs,
  { threads, deviceMemoryGib }: DeviceFacts,
): Finding[] {
  const { tokensPerSecond, bytes } = estimateOnWasm(parameters, threads);
  const rate = formatNumber(Number(tokensPerSecond.toPrecision(1)));
  const isLow = deviceMemoryGib !== null && deviceMemoryGib * GIB < 2 * bytes;
  const size = formatBytes(Number(bytes.toPrecision(2)));
  const memory = isLow
    ? finding('memory', 'warn', t('library.wasmMemoryLow', { size, gib: formatNumber(deviceMemoryGib) }))
    : finding('memory', 'ok', t('library.wasmMemory', { size }));
  return [finding('gpu', 'ok', t(key, { rate })), memory];
}

function widthFinding(shaderF16: boolean): Finding {
  return shaderF16
    ? finding('width', 'ok', t('library.half'))
    : finding('width', 'warn', t('library.noHalf'));
}

function limitsFinding(
  { largestTensorBytes }: Needs,
  { maxBufferBytes, maxBindingBytes }: NonNullable<DeviceProbe['gpu']>,
): Finding {
  const most = Math.min(maxBufferBytes, maxBindingBytes);
  const values = { size: formatBytes(largestTensorBytes), limit: formatBytes(most) };
  return largestTensorBytes > most
    ? finding('limits', 'bad', t('library.tensorTooLarge', values))
    : finding('limits', 'ok', t('library.tensorFits', values));
}

function memoryFinding({ packBytes }: Needs, { probe, deviceMemoryGib }: DeviceFacts): Finding {
  const wanted = gpuBytesFor(packBytes);
  const size = formatBytes(wanted);
  const { allocation } = probe;
  if (allocation) {
    const got = formatBytes(allocation.gotBytes);
    return allocation.gotBytes < allocation.askedBytes
      ? finding('memory', 'bad', t('library.memoryTestShort', { size, got }))
      : finding('memory', 'ok', t('library.memoryTestPassed', { size }));
  }
  if (deviceMemoryGib !== null && deviceMemoryGib * GIB < 2 * wanted) {
    return finding('memory', 'warn', t('library.memoryLow', { size, gib: formatNumber(deviceMemoryGib) }));
  }
  return finding('memory', 'warn', t('library.memoryUnknown', { size }));
}

function spaceFinding({ packBytes, presentBytes }: Needs, storage: StorageReport): Finding {
  const missing = Math.max(packBytes - presentBytes, 0);
  const room = storage.quota === null ? null : storage.quota - (storage.usage ?? 0);
  const size = formatBytes(missing);
  if (storage.isPrivate) {
    return missing > PRIVATE_LIMIT_BYTES
      ? finding('space', 'bad', t('library.spaceBeyondPrivate', { size }))
      : finding('space', 'warn', t('library.spacePrivate'));
  }
  if (room !== null && room < missing) {
    const left = formatBytes(Math.max(room, 0));
    return finding('space', 'bad', t('library.spaceShort', { size, room: left }));
  }
  if (room === null) return finding('space', 'warn', t('library.spaceUnknown', { size }));
  // Chromium's private windows can't be detected, so the remark about them is shown to everybody.
  const mayBePrivate = missing > PRIVATE_LIMIT_BYTES && !storage.persisted;
  const key = mayBePrivate ? 'library.spaceFineUnlessPrivate' : 'library.spaceFine';
  return finding('space', 'ok', t(key, { size }));
}

function finding(about: Finding['about'], level: FindingLevel, sentence: string): Finding {
  return { about, level, sentence };
}
