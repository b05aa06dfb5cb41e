/** Opens a GPU device and describes it. */
import { RoundsError } from '../shared/errors';

export interface GpuDevice {
  device: GPUDevice;
  description: string;
  features: string[];
  software: boolean;
}

export interface AdapterSummary {
  adapter: GPUAdapter;
  description: string;
  software: boolean;
}

const SUBGROUP_FEATURES = ['subgroups', 'chromium-experimental-subgroup-matrix'];

/** Names under which rasterisers on the CPU report themselves. */
const SOFTWARE_ADAPTERS = /swiftshader|llvmpipe|lavapipe|software|basic render|warp/i;

/** The browser's adapter, or null where WebGPU is missing or switched off. */
export async function findAdapter(): Promise<AdapterSummary | null> {
  if (!('gpu' in navigator)) return null;
  let adapter: GPUAdapter | null = null;
  try {
    adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    // Some browsers reject instead of returning null when the GPU process is blocked.
  }
  if (!adapter) return null;
  const { vendor, architecture, device, description } = adapter.info;
  const name = [vendor, architecture, device, description].filter(Boolean).join(' ') || 'GPU';
  return { adapter, description: name, software: isSoftware(adapter, name) };
}

function isSoftware(adapter: GPUAdapter, name: string): boolean {
  // isFallbackAdapter moved from the adapter to its info; older browsers still have the former.
  const info: { isFallbackAdapter?: boolean } = adapter.info;
  const legacy: { isFallbackAdapter?: boolean } = adapter as unknown as { isFallbackAdapter?: boolean };
  return info.isFallbackAdapter === true || legacy.isFallbackAdapter === true || SOFTWARE_ADAPTERS.test(name);
}

/** An adapter gives one device only, but a second mode, a self-test of the first layers and a recovery need another one. */
const usedAdapters = new WeakSet<GPUAdapter>();

async function unusedAdapter({ adapter, description }: AdapterSummary): Promise<GPUAdapter> {
  const unused = usedAdapters.has(adapter) ? (await findAdapter())?.adapter : adapter;
  if (!unused) throw new RoundsError('webgpu_unavailable', `The GPU (${description}) is no longer offered.`);
  usedAdapters.add(unused);
  return unused;
}

/**
 * A device with the adapter's own limits and the features that the kernels use. Subgroups are left out on
 * software adapters: with their subgroup size of 4 onnxruntime's prefill attention gives wrong numbers.
 *
 * @param subgroups false leaves them out on any adapter: the safer mode after a failed self-test
 * @throws RoundsError webgpu_unavailable
 */
export async function openDevice(summary: AdapterSummary, subgroups = true): Promise<GpuDevice> {
  const { description, software } = summary;
  const adapter = await unusedAdapter(summary);
  const wanted = ['shader-f16', ...(software || !subgroups ? [] : SUBGROUP_FEATURES)];
  const requiredFeatures = wanted.filter((name) => adapter.features.has(name)) as GPUFeatureName[];
  try {
    const device = await adapter.requestDevice({ requiredFeatures, requiredLimits: limitsOf(adapter) });
    return { device, description, features: [...device.features].sort(), software };
  } catch (cause) {
    throw new RoundsError('webgpu_unavailable', `The GPU (${description}) refused to open a device.`, {
      cause,
    });
  }
}

function limitsOf(adapter: GPUAdapter): Record<string, number> {
  const { limits } = adapter;
  return {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    // The fused MLP kernel binds nine buffers; the default limit is eight.
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
    maxComputeWorkgroupSizeZ: limits.maxComputeWorkgroupSizeZ,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  };
}
