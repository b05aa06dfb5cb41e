/** What this browser supports that a model needs. */

export interface Environment {
  /** The API exists; whether there is an adapter is known only after requesting one. */
  hasWebGpu: boolean;
  /** Cross-origin isolated, which WebAssembly threads require. */
  isolated: boolean;
  /** False if the browser knows that there is no network. */
  online: boolean;
  cores: number;
  /** Selects the instructions for enabling WebGPU. */
  browser: 'chromium' | 'firefox' | 'safari' | 'other';
}

export function readEnvironment(): Environment {
  return {
    hasWebGpu: 'gpu' in navigator,
    isolated: globalThis.crossOriginIsolated === true,
    online: navigator.onLine,
    cores: navigator.hardwareConcurrency,
    browser: browserFamily(navigator.userAgent),
  };
}

/** By engine: Edge and Opera count as Chromium, and every browser on iOS as Safari. */
export function browserFamily(userAgent: string): Environment['browser'] {
  if (/Chrome\/|Chromium\//.test(userAgent)) return 'chromium';
  if (/Firefox\//.test(userAgent)) return 'firefox';
  return /AppleWebKit\//.test(userAgent) ? 'safari' : 'other';
}

interface MeasuringPerformance extends Performance {
  measureUserAgentSpecificMemory?: () => Promise<{ bytes: number }>;
  memory?: { usedJSHeapSize: number };
}

/** JavaScript memory. `whole`: page and workers together, else the page alone. */
export interface HeapReport {
  bytes: number;
  whole: boolean;
}

/**
 * Null if the browser doesn't report it. An exact measurement waits for the next garbage collection, which may take a while.
 */
export async function measureHeap(): Promise<HeapReport | null> {
  const measuring = performance as MeasuringPerformance;
  if (measuring.measureUserAgentSpecificMemory && globalThis.crossOriginIsolated) {
    const measured = await measuring.measureUserAgentSpecificMemory().catch(() => null);
    if (measured) return { bytes: measured.bytes, whole: true };
  }
  return measuring.memory ? { bytes: measuring.memory.usedJSHeapSize, whole: false } : null;
}
