import { describe, expect, it } from 'vitest';
import { RoundsError } from '../../../shared/errors';
import { TEST_MODEL, testCase } from '../../cases/testing/testCase';
import { setPrivateVisit } from '../../browser/privateVisit';
import { saveable } from './buildCase';
import { Conversation } from '../ask/conversation.svelte';
import { inputOf, restoreEntries, saveEntry } from './savedEntries';
import { Turn } from '../ask/turn.svelte';

const record = testCase();
const inputs = record.images.map((image) => inputOf(image, new Blob(['pixel'])));
const restore = () => restoreEntries(record, inputs);

describe('a case that is opened', () => {
  it('is the one that was saved', () => {
    const places = (entry: (typeof record.entries)[number]) => entry.asked.images;
    const saved = restore().map((entry, i) => saveEntry(entry, places(record.entries[i]!)));
    expect(saved).toEqual(record.entries);
  });

  it('has its verdicts, its rewards and its conversation again', () => {
    const [first, followUp, group] = restore();
    expect(first).toMatchObject({ isOver: true, verdict: { chosen: 1, correct: true, reward: 1 } });
    expect(followUp?.earlier.map(({ asked }) => asked.question)).toEqual(['What kind of image is this?']);
    expect(followUp?.earlier[0]?.text).toContain('<answer>B</answer>');
    expect(group).toMatchObject({ kind: 'rollouts', passRate: 0.5, model: TEST_MODEL });
  });

  it('holds no file name, not even in an error', () => {
    const [first, followUp] = restore();
    const images = [{ blob: new Blob(), name: 'MUELLER^ANNA: chest.dcm' }];
    const failed = (saved: Turn, asked: Turn['asked']) => {
      const message = 'MUELLER^ANNA: chest.dcm: the pixel data ends early; save or export the file again.';
      const error = new RoundsError('image_invalid', message);
      const parent = saved.parent && Turn.restore({ ...saved.parent.asked, images }, null, restored('7'));
      return saveEntry(Turn.restore(asked, parent, { ...restored('8'), error }), [0]);
    };
    for (const entry of [
      failed(first as Turn, { ...first!.asked, images }),
      failed(followUp as Turn, { ...followUp!.asked, images: [] }),
    ]) {
      expect(entry.error).toEqual({
        code: 'image_invalid',
        message: 'image: the pixel data ends early; save or export the file again.',
      });
    }
  });

  it('is shown once, however often it is opened', () => {
    const conversation = new Conversation({
      engine: { call: () => Promise.reject(new Error('not asked')), onLost: () => () => undefined },
      modelReady: () => Promise.reject(new Error('not asked')),
      modelRecovered: () => Promise.reject(new Error('not asked')),
    });
    conversation.restore(restore());
    conversation.restore(restore());
    expect(conversation.turns).toHaveLength(3);
    expect(conversation.shown?.kind).toBe('rollouts');
    conversation.remove(record.id);
    expect(conversation.turns).toHaveLength(0);
  });

  it('has no frame or window to choose where only the picture was kept', () => {
    expect(inputs[0]).not.toHaveProperty('frame');
    const [image] = record.images;
    const whole = inputOf({ ...image!, isRendered: false }, new Blob());
    expect(whole).toMatchObject({ frame: 2, window: [40, 400] });
  });
});

it('saveable leaves out what was asked in a private visit, and what follows on it', () => {
  const [first] = restore();
  setPrivateVisit(true);
  const secret = Turn.restore(first!.asked, first as Turn, { ...restored('5') });
  setPrivateVisit(false);
  const after = Turn.restore(first!.asked, secret, { ...restored('6') });
  expect(saveable([first!, secret, after])).toEqual([first]);
});

function restored(digit: string) {
  const [saved] = record.entries;
  if (saved?.kind !== 'answer') throw new Error('The first entry is an answer.');
  const uid = `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}`;
  return { ...saved, uid, caseId: record.id, error: null };
}
