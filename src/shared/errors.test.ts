import { describe, expect, it } from 'vitest';
import { RoundsError, shortenMessage } from './errors';

describe('RoundsError', () => {
  const long = `The tensor ${'x'.repeat(9e6)} is missing. Download the file again.`;

  it('keeps 300 characters of a message, its end included, wherever it comes from', () => {
    const errors = [
      new RoundsError('checkpoint_invalid', long),
      RoundsError.from(new Error(long)),
      RoundsError.from(long),
      RoundsError.fromWire({ code: 'internal', message: long }),
    ];
    for (const error of errors) {
      expect(error.message).toHaveLength(300);
      expect(error.message).toMatch(/^The tensor xx.* … x+ is missing\. Download the file again\.$/);
      expect(error.toWire().message).toHaveLength(300);
    }
    expect(errors[0]!.stack!.length).toBeLessThan(10_000);
  });

  it('bounds the stack of others’ errors, which begins with their message', () => {
    const wire = RoundsError.from(new Error(long)).toWire();
    expect(JSON.stringify(wire).length).toBeLessThan(20_000);
    expect(RoundsError.fromWire({ code: 'internal', message: 'a', stack: long }).stack!.length).toBeLessThan(
      20_000,
    );
  });

  it('does not cut characters in half', () => {
    const text = shortenMessage('😀'.repeat(1000));
    expect(text.isWellFormed()).toBe(true);
    expect(text.length).toBeLessThanOrEqual(300);
  });

  it('leaves shorter messages as they are', () => {
    expect(new RoundsError('internal', 'a'.repeat(300)).message).toBe('a'.repeat(300));
  });
});
