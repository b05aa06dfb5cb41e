import { describe, expect, it } from 'vitest';
import { caseMarkdown, entryMarkdown } from './caseMarkdown';
import { testAnswer, testCase, testRollouts } from './testing/testCase';

describe('caseMarkdown', () => {
  const text = caseMarkdown(testCase({ notes: 'Mind the <b>gyri</b>.' }), ['data:image/png;base64,AAAA']);

  it('has the picture, every question, the choices with the right one marked, thinking and answer', () => {
    expect(text).toContain('# What kind of image is this?\n');
    expect(text).toContain('![Image 1](data:image/png;base64,AAAA)');
    expect(text).toContain('- A. Chest X-ray\n- **B. Brain MRI** ✓');
    expect(text).toContain('B. Brain MRI · correct · Reward 1 (format 1, answer 1)');
    expect(text).toContain('> Grey and white matter: *a brain*.');
    expect(text).toContain('## 2. And why?');
    expect(text).toContain('Because of the gyri.');
    expect(text).toContain('| 2 | B. Brain MRI | 1 |');
  });

  it('names the model once, with its pack, and says what it is not', () => {
    expect(text.split('f'.repeat(64))).toHaveLength(2);
    expect(text).toContain('Not a medical device.');
  });

  it('lets no HTML and no image of the model through', () => {
    const entry = testAnswer({
      answer: '<img src=x onerror=1> ![x](https://example.org/y.png)',
      status: 'stopped',
    });
    const markdown = entryMarkdown(entry);
    expect(markdown).not.toContain('<img');
    expect(markdown).not.toContain('![x]');
    expect(text).toContain('Mind the &lt;b>gyri&lt;/b>.');
  });

  it('keeps cells of the table apart whatever an answer holds', () => {
    const { asked, rollouts } = testRollouts();
    const [first] = rollouts;
    const odd = first && { ...first, text: 'x', answer: 'a | b\nc' };
    const markdown = entryMarkdown(
      testRollouts({ asked: { ...asked, options: [], key: null }, rollouts: odd ? [odd] : [] }),
    );
    expect(markdown).toContain('| 1 | a \\| b c |');
  });
});
