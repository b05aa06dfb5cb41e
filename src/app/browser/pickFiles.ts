/**
 * Lets the visitor pick files; empty if they cancel. Call it from a click handler. All files can be chosen: those of a disc have
 * no ending (IM0001, I10), and what a file is its first bytes decide.
 */
export function pickFiles(): Promise<File[]> {
  return pick((input) => (input.multiple = true));
}

/** Lets the visitor pick a folder: the files in it and in its folders. */
export function pickFolder(): Promise<File[]> {
  return pick((input) => (input.webkitdirectory = true));
}

function pick(prepare: (input: HTMLInputElement) => void): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    prepare(input);
    input.addEventListener('change', () => resolve([...(input.files ?? [])]), { once: true });
    input.addEventListener('cancel', () => resolve([]), { once: true });
    input.click();
  });
}
