/** Exports: choosing a folder to write to, and saving a file. */

type DirectoryPicker = (options: { id: string; mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;

/** Undefined in some browsers, and missing from the type definitions. */
function picker(): DirectoryPicker | undefined {
  return (globalThis as { showDirectoryPicker?: DirectoryPicker }).showDirectoryPicker;
}

export function canChooseFolder(): boolean {
  return picker() !== undefined;
}

/** Null if the visitor cancels. Call it from a click handler. */
export async function chooseFolder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    return (await picker()?.({ id: 'rounds-export', mode: 'readwrite' })) ?? null;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'AbortError') return null;
    throw thrown;
  }
}

/** Saves a file through the browser's downloads. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // By then the browser has opened the blob; without this it would stay in memory until the page closes.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
