/**
 * Encrypts what a draft leaves in the database: files may name a patient in their headers and names. The key is in sessionStorage,
 * so that nobody can read them once the tab is closed.
 */
const KEY = 'rounds.draft.key';
const IV_BYTES = 12;

export class DraftCipher {
  #key: Promise<CryptoKey> | undefined;

  /** @throws anything if the page has no cryptography (an insecure host) or no storage */
  async seal(bytes: BufferSource): Promise<Blob> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await this.#open(), bytes);
    return new Blob([iv, sealed]);
  }

  /** @throws anything if the bytes were sealed with another key, or are damaged */
  async unseal(sealed: Blob): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(await sealed.arrayBuffer());
    const iv = bytes.subarray(0, IV_BYTES);
    return crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await this.#open(), bytes.subarray(IV_BYTES));
  }

  #open(): Promise<CryptoKey> {
    return (this.#key ??= crypto.subtle.importKey('raw', keyBytes(), 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ]));
  }
}

function keyBytes(): Uint8Array<ArrayBuffer> {
  const stored = sessionStorage.getItem(KEY);
  if (stored) return Uint8Array.from(atob(stored), (char) => char.charCodeAt(0));
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  sessionStorage.setItem(KEY, btoa(String.fromCharCode(...bytes)));
  return bytes;
}
