import { describe, expect, it } from 'vitest';
import { parseModelCard } from './modelCard';

describe('parseModelCard', () => {
  it('reads a whole card', () => {
    const card = {
      name: 'rounds-mini',
      summary: 'Small.',
      knows: ['Head CT'],
      cannot: ['Find a disease'],
      figures: [{ what: 'Kind', value: '96.2 %', count: 500 }],
      licence: 'MIT',
      sources: [{ name: 'MedNIST', licence: 'CC BY-SA 4.0' }],
    };
    expect(parseModelCard(card)).toEqual(card);
  });

  it('takes what it understands and leaves the rest', () => {
    const card = parseModelCard({
      summary: 5,
      knows: ['Hand X-ray', null],
      figures: [{ what: 'Kind' }, { what: 'Region', value: '90 %' }, 'x'],
      sources: [{}],
    });
    expect(card).toEqual({
      name: '',
      summary: '',
      knows: ['Hand X-ray'],
      cannot: [],
      figures: [{ what: 'Region', value: '90 %' }],
      licence: '',
      sources: [{ name: '', licence: '' }],
    });
  });

  it('refuses what isn’t a card', () => {
    for (const value of [null, 'text', 3, ['a']]) expect(parseModelCard(value)).toBeNull();
  });
});
