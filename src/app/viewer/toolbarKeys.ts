/** Makes a toolbar one Tab stop whose buttons are reached by arrow keys (WAI-ARIA toolbar pattern). */
export function toolbarKeys(toolbar: HTMLElement): () => void {
  const tools = (): HTMLElement[] => [...toolbar.querySelectorAll<HTMLElement>('button')];
  let current = 0;

  function mark(index: number): void {
    current = index;
    for (const [i, tool] of tools().entries()) tool.tabIndex = i === index ? 0 : -1;
  }

  function onKey(event: KeyboardEvent): void {
    const { length } = tools();
    const forwards = getComputedStyle(toolbar).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const backwards = forwards === 'ArrowRight' ? 'ArrowLeft' : 'ArrowRight';
    const targets: Record<string, number> = {
      [forwards]: (current + 1) % length,
      [backwards]: (current - 1 + length) % length,
      Home: 0,
      End: length - 1,
    };
    const to = targets[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tools()[to]?.focus();
  }

  const onFocus = (event: FocusEvent): void => {
    const index = tools().indexOf(event.target as HTMLElement);
    if (index >= 0) mark(index);
  };

  mark(0);
  toolbar.addEventListener('keydown', onKey);
  toolbar.addEventListener('focusin', onFocus);
  return () => {
    toolbar.removeEventListener('keydown', onKey);
    toolbar.removeEventListener('focusin', onFocus);
  };
}
