import { flushSync } from 'svelte';
import { describe, expect, it } from 'vitest';
import { testCase } from '../cases/testing/testCase';
import { Dialogs } from './dialogs.svelte';

const FULL = { record: testCase(), images: new Map<string, Blob>() };

/** How often `read` was rerun, and its last value. */
function watch<T>(read: () => T): { values: T[]; stop: () => void } {
  const values: T[] = [];
  const stop = $effect.root(() => {
    $effect(() => {
      values.push(read());
    });
  });
  flushSync();
  return { values, stop };
}

describe('Dialogs', () => {
  it('are closed at first', () => {
    const dialogs = new Dialogs();
    expect(dialogs.find('library')).toBeNull();
    expect(dialogs.find('print')).toBeNull();
  });

  it('open with their content, one on top of the other, and close one by one', () => {
    const dialogs = new Dialogs();
    dialogs.open('cases');
    dialogs.open('export', [FULL]);
    expect(dialogs.find('cases')).toEqual({ content: null });
    expect(dialogs.find('export')?.content).toEqual([FULL]);
    dialogs.close('export');
    expect(dialogs.find('export')).toBeNull();
    expect(dialogs.find('cases')).not.toBeNull();
    dialogs.close('export');
    expect(dialogs.find('cases')).not.toBeNull();
  });

  it('take only the content of their kind', () => {
    const dialogs = new Dialogs();
    // @ts-expect-error -- one case, not a list
    dialogs.open('print', [FULL]);
    // @ts-expect-error -- the library needs no content
    dialogs.open('library', FULL);
    // @ts-expect-error -- a print dialog needs a case
    dialogs.open('print');
    // @ts-expect-error -- there is no such dialog
    dialogs.open('settings');
    dialogs.open('print', FULL);
    expect(dialogs.find('print')?.content.record.id).toBe(FULL.record.id);
  });

  it('notify their components of every opening, also of one that is open', () => {
    const dialogs = new Dialogs();
    const library = watch(() => dialogs.find('library'));
    dialogs.open('library');
    flushSync();
    dialogs.open('library');
    flushSync();
    dialogs.close('library');
    flushSync();
    expect(library.values).toEqual([null, { content: null }, { content: null }, null]);
    expect(library.values[1]).not.toBe(library.values[2]);
    library.stop();
  });

  it('give the focus to the question once for each request', () => {
    const dialogs = new Dialogs();
    const field = watch(() => dialogs.takeQuestionFocus());
    dialogs.focusQuestion();
    flushSync();
    dialogs.focusQuestion();
    flushSync();
    expect(field.values.filter(Boolean)).toHaveLength(2);
    expect(dialogs.takeQuestionFocus()).toBe(false);
    field.stop();
  });
});
