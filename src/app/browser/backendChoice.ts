import type { BackendName } from '../../shared/protocol';

/** `?backend=webgpu` or `?backend=wasm` in the page's address forces one; anything else lets the engine choose. */
export function backendFromUrl(search: string): BackendName | 'auto' {
  const asked = new URLSearchParams(search).get('backend');
  return asked === 'webgpu' || asked === 'wasm' ? asked : 'auto';
}
