import { describe, expect, it } from 'vitest';
import { checkPython } from './python.mjs';

describe('checkPython', () => {
  it('skips every check, with the reason, where there is no Python', () => {
    const { passed, failed, skipped, note } = checkPython(null);
    expect({ passed, failed, skipped }).toEqual({ passed: 0, failed: 0, skipped: 3 });
    expect(note.split('\n')).toEqual([
      'ruff check: skipped, Python is not installed',
      'ruff format: skipped, Python is not installed',
      'mypy: skipped, Python is not installed',
    ]);
  });

  it('skips a check whose module is missing', () => {
    // Node knows no modules by `-m`, as a Python without ruff does not.
    const { skipped, note } = checkPython(process.execPath);
    expect(skipped).toBe(3);
    expect(note).toContain(`ruff check: skipped, ruff is not installed for ${process.execPath}`);
  });
});
