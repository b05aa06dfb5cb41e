import { describe, expect, it } from 'vitest';
import { headersFor } from './hostHeaders.mjs';

const connectOf = (path: string): string | undefined =>
  /connect-src ([^;]*)/.exec(headersFor(path)['Content-Security-Policy'] ?? '')?.[1];

describe('headersFor', () => {
  it.each([
    '/',
    '/index.html',
    '/assets/index-AbCd1234.js',
    '/assets/engine.worker-AbCd1234.js',
    '/assets/quantize.worker-AbCd1234.js',
    // Not the built script: nothing that somebody could add under a like name.
    '/library.worker-AbCd1234.js',
    '/assets/library.worker-AbCd1234.js/x.html',
    '/assets/library.worker-AbCd1234.html',
    '/assets/xlibrary.worker-AbCd1234.js',
  ])('lets %s reach its own host only', (path) => {
    expect(connectOf(path)).toBe("'self'");
  });

  it('lets the library’s worker reach other hosts, in any folder, but no plain http beyond this machine', () => {
    const connect = connectOf('/some/folder/assets/library.worker-Ab_d-234.js');
    expect(connect?.split(' ')).toEqual(["'self'", 'https:', 'http://localhost:*', 'http://127.0.0.1:*']);
  });

  it('gives both the same of everything else', () => {
    const { 'Content-Security-Policy': page, ...others } = headersFor('/');
    const { 'Content-Security-Policy': worker, ...same } = headersFor('/assets/library.worker-AbCd1234.js');
    expect(same).toEqual(others);
    expect(worker?.replace(/connect-src [^;]*/, '')).toBe(page?.replace(/connect-src [^;]*/, ''));
  });

  it('lets the page use the camera, and nothing else of the device', () => {
    const { 'Permissions-Policy': policy } = headersFor('/');
    expect(policy).toMatch(/camera=\(self\).*microphone=\(\)/);
  });
});
