/** Markdown rendered in a real page: a model's text never becomes anything but text, and rendered elements stay. */
import { expect, it } from 'vitest';
import { render } from 'vitest-browser-svelte';
import MarkdownText from './MarkdownText.svelte';

it('draws text with its blanks, and nothing that fetches, runs or leads away', async () => {
  const text = [
    'A **bright** ring, *thin* `HU 700`.',
    '<img src=x onerror=alert(1)> and <b>raw</b>',
    '![ring](https://evil.example/x.png) [here](https://evil.example/x) [bad](javascript:alert(1))',
    '1. one\n2. two',
  ].join('\n\n');
  const { container } = await render(MarkdownText, { text });
  expect(container.querySelector('p')?.textContent).toBe('A bright ring, thin HU 700.');
  expect(container.querySelectorAll('img, a, script, b')).toHaveLength(0);
  expect(container.textContent).toContain('<img src=x onerror=alert(1)> and <b>raw</b>');
  expect(container.textContent).toContain('[image: ring]');
  expect(container.textContent).toContain('here(evil.example)');
  expect(container.querySelectorAll('ol li')).toHaveLength(2);
});

it('appends: blocks that are complete are not touched again', async () => {
  const paragraph = 'Some words of a thought.\n\n';
  const { container, rerender } = await render(MarkdownText, { text: paragraph.repeat(50) });
  const first = container.querySelector('p');
  const touched: Node[] = [];
  const observer = new MutationObserver((changes) => touched.push(...changes.map(({ target }) => target)));
  observer.observe(container, { subtree: true, childList: true, characterData: true });
  await rerender({ text: `${paragraph.repeat(50)}One more` });
  await rerender({ text: `${paragraph.repeat(50)}One more word` });
  await new Promise((resolve) => setTimeout(resolve));
  expect(container.querySelectorAll('p')).toHaveLength(51);
  expect(container.querySelector('p')).toBe(first);
  const last = container.querySelector('.markdown > p:last-of-type');
  const isOld = (node: Node): boolean =>
    node !== last && node.parentNode !== last && node !== last?.parentNode;
  expect(touched.filter(isOld)).toEqual([]);
});
