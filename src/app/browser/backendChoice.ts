import type { BackendName } from '../../shared/protocol';

/** `?backend=webgpu` or `?backend=wasm` in the page's address selects the backend; with any other value the engine chooses. */
export function backendFromUrl(search: string): BackendName | 'auto' {
  const requested = new URLSearchParams(search).get('backend');
  return requested === 'webgpu' || requested === 'wasm' ? requested : 'auto';
}
