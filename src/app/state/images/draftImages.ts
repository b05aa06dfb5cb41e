/** The images of the tray as a draft stores them: a list of files, and facts that refer to them. */
import type { DraftImages } from '../../browser/draftStorage';
import type { Sample } from '../../question/samples';
import type { ImageGroup } from './series';
import type { StoredImage } from './trayImage.svelte';

/** An image with its files as indices. */
interface ImageFacts {
  name: string;
  sample: Sample | null;
  file: number;
  stack: { name: string; slices: { name: string; file: number }[] } | null;
}

/** Every file once, however many images have it. */
export function packImages(images: readonly StoredImage[]): DraftImages {
  const files: Blob[] = [];
  const indices = new Map<Blob, number>();
  const place = (blob: Blob): number => {
    const known = indices.get(blob);
    if (known !== undefined) return known;
    indices.set(blob, files.length);
    return files.push(blob) - 1;
  };
  const facts = images.map(({ name, sample, blob, stack }): ImageFacts => ({
    ...{ name, sample, file: place(blob) },
    stack: stack && {
      name: stack.name,
      slices: stack.slices.map((slice) => ({ name: slice.name, file: place(slice.blob) })),
    },
  }));
  return { facts, files };
}

export function unpackImages({ facts, files }: DraftImages): StoredImage[] {
  const stacks = new Map<string, ImageGroup>();
  const fileOf = (index: number): Blob => files[index] ?? new Blob();
  return (facts as ImageFacts[]).map(({ name, sample, file, stack }) => {
    if (!stack) return { name, sample, blob: fileOf(file), stack: null };
    // Several images of one stack share it.
    const key = stack.slices.map((slice) => slice.file).join();
    const group = stacks.get(key) ?? {
      name: stack.name,
      slices: stack.slices.map((slice) => ({ name: slice.name, blob: fileOf(slice.file) })),
    };
    stacks.set(key, group);
    return { name, sample, blob: fileOf(file), stack: group };
  });
}

/** In bytes. */
export function sizeOf({ files }: DraftImages): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
