/** What this browser can do for a model, and what it lacks. */

export interface Environment {
  /** The API is there; whether an adapter is, only asking tells. */
  hasWebGpu: boolean;
  /** Threads for WebAssembly need it. */
  isolated: boolean;
  /** False where the browser knows that there is no network. */
  online: boolean;
  cores: number;
  /** Whose instructions for WebGPU apply. */
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

/** By engine: an Edge or an Opera is a Chromium, and every browser on iOS is a Safari. */
export function browserFamily(userAgent: string): Environment['browser'] {
  if (/Chrome\/|Chromium\//.test(userAgent)) return 'chromium';
  if (/Firefox\//.test(userAgent)) return 'firefox';
  return /AppleWebKit\//.test(userAgent) ? 'safari' : 'other';
}

interface MeasuringPerformance extends Performance {
  measureUserAgentSpecificMemory?: () => Promise<{ bytes: number }>;
  memory?: { usedJSHeapSize: number };
}

/** JavaScript's memory. `whole`: page and workers together, else the page alone. */
export interface HeapReport {
  bytes: number;
  whole: boolean;
}

/**
 * Null where the browser tells nothing. The exact measure waits for the next garbage collection, which may take a while.
 */
export async function measureHeap(): Promise<HeapReport | null> {
  const measuring = performance as MeasuringPerformance;
  if (measuring.measureUserAgentSpecificMemory && globalThis.crossOriginIsolated) {
    const measured = await measuring.measureUserAgentSpecificMemory().catch(() => null);
    if (measured) return { bytes: measured.bytes, whole: true };
  }
  return measuring.memory ? { bytes: measuring.memory.usedJSHeapSize, whole: false } : null;
}
