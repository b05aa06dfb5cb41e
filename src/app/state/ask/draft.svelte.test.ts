import { describe, expect, it } from 'vitest';
import { Draft } from './draft.svelte';

const PASTE = 'What kind?\nA) CT\nB) MRI\nAnswer: B\nExplanation: gyri';

function pasted(text = PASTE): Draft {
  const draft = new Draft();
  draft.pasteIntoQuestion(text, 0, 0);
  return draft;
}

const texts = (draft: Draft): string[] => draft.options.map(({ text }) => text);

describe('a paste', () => {
  it('is split into question, choices and key; the rest is set aside', () => {
    const draft = pasted();
    expect([draft.question, texts(draft), draft.keyIndex]).toEqual(['What kind?', ['CT', 'MRI'], 1]);
    expect(draft.notice).toMatchObject({ kind: 'choices', count: 2, hasKey: true });
    expect(draft.notice?.setAside).toEqual(['Answer: B', 'Explanation: gyri']);
    expect(draft.prompt).toBe('What kind?');
  });

  it('comes back on undo, but its key is still not sent unless the visitor says so', () => {
    const draft = pasted();
    draft.undo();
    expect([draft.question, texts(draft), draft.notice]).toEqual([PASTE, [], null]);
    expect(draft.prompt).toBe('What kind?\nA. CT\nB. MRI');
    expect(draft.stated?.setAside).toContain('Answer: B');
    draft.sendsKey = true;
    expect(draft.prompt).toBe(PASTE);
  });

  it('without choices, that replaces the question, removes the old choices and key', () => {
    const draft = pasted();
    expect(draft.pasteIntoQuestion('Which region?', 0, draft.question.length)).toBe(true);
    expect([draft.question, texts(draft), draft.keyIndex]).toEqual(['Which region?', [], -1]);
    expect(draft.notice).toMatchObject({ kind: 'choicesRemoved', count: 2 });
    draft.undo();
    expect([draft.question, texts(draft), draft.keyIndex]).toEqual(['Which region?', ['CT', 'MRI'], 1]);
  });

  it('of plain text within the question is left to the browser, and says nothing of earlier pastes', () => {
    const draft = pasted();
    expect(draft.pasteIntoQuestion('of image ', 5, 5)).toBe(false);
    expect(draft.notice).toBeNull();
    expect(texts(draft)).toEqual(['CT', 'MRI']);
  });

  it('with a key and no choices leaves the key out', () => {
    const draft = pasted('What does it show?\nAnswer: Pneumonia');
    expect([draft.question, texts(draft)]).toEqual(['What does it show?', []]);
    expect(draft.notice).toMatchObject({ kind: 'setAside', setAside: ['Answer: Pneumonia'] });
  });

  it('with several questions offers each; changes stay when another is picked', () => {
    const draft = pasted('1. What kind?\nA. CT\nB. MRI\nAnswer: B\n2. Where?\nA. Head\nB. Chest\nAnswer: A');
    expect(draft.several.map(({ question }) => question)).toEqual(['What kind?', 'Where?']);
    draft.editQuestion('What kind of image?');
    draft.pick(1);
    expect([draft.question, texts(draft), draft.keyIndex]).toEqual(['Where?', ['Head', 'Chest'], 0]);
    draft.pick(0);
    expect([draft.question, texts(draft)]).toEqual(['What kind of image?', ['CT', 'MRI']]);
  });

  it('of a list on a page has its choices from the HTML', () => {
    const draft = new Draft();
    const html =
      '<meta charset="utf-8"><!--StartFragment--><p>What kind?</p><ol><li>CT</li><li>MRI</li></ol>';
    expect(draft.pasteIntoQuestion('What kind?\nCT\nMRI', 0, 0, html)).toBe(true);
    expect([draft.question, texts(draft)]).toEqual(['What kind?', ['CT', 'MRI']]);
  });
});

describe('typing', () => {
  it('clears the key of a changed question, once', () => {
    const draft = pasted();
    draft.editQuestion('What kind');
    expect([texts(draft), draft.keyIndex]).toEqual([['CT', 'MRI'], -1]);
    expect(draft.notice).toMatchObject({ kind: 'keyRemoved' });
    draft.undo();
    expect([draft.question, draft.keyIndex]).toEqual(['What kind', 1]);
    draft.editQuestion('What kind!');
    expect(draft.keyIndex).toBe(1);
  });

  it('does not mind spaces', () => {
    const draft = pasted();
    draft.editQuestion('What kind? ');
    expect(draft.keyIndex).toBe(1);
  });

  it.each(['', 'Is there a fracture'])('removes the choices of another question: %j', (text) => {
    const draft = pasted();
    draft.editQuestion(text);
    expect([draft.question, texts(draft), draft.keyIndex]).toEqual([text, [], -1]);
    draft.editQuestion('Is there a fracture of the rib?');
    draft.undo();
    expect(draft.question).toBe('Is there a fracture of the rib?');
    expect([texts(draft), draft.keyIndex]).toEqual([['CT', 'MRI'], 1]);
  });

  it('keeps choices that were there before the question', () => {
    const draft = new Draft();
    draft.setOptions(['Yes', 'No'], 0);
    for (const text of ['I', 'Is', 'Is it?']) draft.editQuestion(text);
    expect([texts(draft), draft.keyIndex]).toEqual([['Yes', 'No'], -1]);
  });

  it('never sends a key that is typed', () => {
    const draft = new Draft();
    draft.editQuestion('What kind? A) CT B) MRI Answer: B');
    expect(draft.prompt).toBe('What kind?\nA. CT\nB. MRI');
    draft.editQuestion('What kind? A) CT B) MRI');
    expect(draft.prompt).toBe('What kind? A) CT B) MRI');
  });
});
