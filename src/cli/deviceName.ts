import type { DeviceReport } from '../shared/device';

/** The adapter as the browser names it, or `WebAssembly, 4 threads`. */
export function deviceName({ adapter, threads }: Pick<DeviceReport, 'adapter' | 'threads'>): string {
  if (threads === undefined) return adapter;
  return `${adapter}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}
