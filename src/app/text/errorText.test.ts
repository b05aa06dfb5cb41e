import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../shared/errors';
import { ERROR_TEXT, RECOVERY_ACTIONS, recoveryLabel } from './errorText';

const table = readFileSync('docs/errors.md', 'utf8');

describe.each(ERROR_CODES)('%s', (code) => {
  const { sentence, action } = ERROR_TEXT[code];

  it('is a sentence and an action for a person, without jargon', () => {
    for (const text of [sentence, action]) {
      expect(text).toMatch(/^[A-Z].*\.$/);
      expect(text).not.toMatch(/undefined|null|exception|stack|tensor|worker|shard/i);
    }
  });

  it('has recovery actions with a label each, none twice', () => {
    const actions = RECOVERY_ACTIONS[code];
    expect(new Set(actions).size).toBe(actions.length);
    for (const recovery of actions) expect(recoveryLabel(recovery)).toMatch(/^[A-Z]/);
  });

  it('has the same words in docs/errors.md', () => {
    const row = table.split('\n').find((line) => line.startsWith(`| \`${code}\` |`));
    expect(row, `a row for ${code}`).toBeDefined();
    expect(row).toContain(`| ${sentence} | ${action} |`);
  });
});
