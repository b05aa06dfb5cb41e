/** Test helper: counts calls of WebGPU in this realm. */
export type GpuCall = 'dispatches' | 'submits' | 'maps' | 'buffers' | 'bindGroups' | 'writes';

const METHODS: readonly (readonly [GpuCall, () => object, string])[] = [
  ['dispatches', () => GPUComputePassEncoder.prototype, 'dispatchWorkgroups'],
  ['dispatches', () => GPUComputePassEncoder.prototype, 'dispatchWorkgroupsIndirect'],
  ['submits', () => GPUQueue.prototype, 'submit'],
  ['writes', () => GPUQueue.prototype, 'writeBuffer'],
  ['maps', () => GPUBuffer.prototype, 'mapAsync'],
  ['buffers', () => GPUDevice.prototype, 'createBuffer'],
  ['bindGroups', () => GPUDevice.prototype, 'createBindGroup'],
];

/** Calls that `job` makes. */
export async function gpuCalls(job: () => Promise<unknown>): Promise<Record<GpuCall, number>> {
  const counts = { dispatches: 0, submits: 0, maps: 0, buffers: 0, bindGroups: 0, writes: 0 };
  const undo = METHODS.map(([call, owner, name]) => {
    const target = owner();
    const method = Reflect.get(target, name) as (...parameters: unknown[]) => unknown;
    Reflect.set(target, name, function (this: unknown, ...parameters: unknown[]) {
      counts[call]++;
      return method.apply(this, parameters);
    });
    return () => Reflect.set(target, name, method);
  });
  try {
    await job();
  } finally {
    undo.forEach((restore) => restore());
  }
  return counts;
}
