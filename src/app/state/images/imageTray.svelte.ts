/** The images of the next question. The worker decodes the files; the page draws the result. */
import type { ImageInput, PixelLimits } from '../../../shared/generation';
import type { EngineApi } from '../../clients/engineClient';
import { isSameImage } from '../../question/prompting';
import type { Sample } from '../../question/samples';
import { FrameCache } from './frameCache';
import type { ImageGroup } from './series';
import type { ImagePlace } from './imagePlace';
import { TrayImage, type Reader, type StoredImage } from './trayImage.svelte';

export { TrayImage } from './trayImage.svelte';

/** Each image takes hundreds of tokens of the context, and room for a thumbnail on the page. */
export const MAX_IMAGES = 6;

export class ImageTray {
  images = $state<TrayImage[]>([]);
  #selectedId = $state<number | null>(null);
  selected = $derived(this.images.find((image) => image.id === this.#selectedId) ?? this.images[0] ?? null);
  readable = $derived(this.images.filter((image) => image.error === null));
  isFull = $derived(this.images.length >= MAX_IMAGES);

  readonly #reader: Reader;

  constructor(engine: EngineApi, limits: () => PixelLimits[] = () => []) {
    this.#reader = { engine, limits, cache: new FrameCache(), stacks: new WeakMap() };
  }

  /** @returns those that the tray has no room for */
  add(groups: readonly ImageGroup[]): readonly ImageGroup[] {
    const room = Math.max(MAX_IMAGES - this.images.length, 0);
    const added = groups.slice(0, room).map((group) => this.#open(group));
    this.images.push(...added);
    this.#show(added);
    return groups.slice(room);
  }

  addFile(file: File): void {
    const name = file.name || 'pasted image';
    this.add([{ name, slices: [{ blob: file, name }] }]);
  }

  /** Replaces all images: a sample's question is about the sample only. */
  useSample(blob: Blob, sample: Sample): void {
    const image = new TrayImage(this.#reader, { blob, name: sample.file }, sample);
    this.#replace([image]);
    this.#show([image]);
  }

  /** Shows the images of an earlier question; those already in the tray stay as they are. */
  restore(inputs: readonly ImageInput[]): void {
    const images = inputs.map(
      (input) =>
        this.images.find((image) => isSameImage(image.toInput(), input)) ??
        new TrayImage(this.#reader, input),
    );
    const added = images.filter((image) => !this.images.includes(image));
    this.#replace(images);
    this.#show(added);
  }

  /** Puts images back that were in the tray before. */
  put(images: readonly TrayImage[]): void {
    this.#replace([...images]);
    this.reread();
  }

  /** Opens images again that were stored, each at its place. */
  reopen(stored: readonly StoredImage[], places: readonly ImagePlace[]): void {
    const images = stored.slice(0, MAX_IMAGES).map(({ blob, name, stack, sample }, index) => {
      const { frame = null, window = null, plane, volume } = places[index] ?? {};
      if (stack) this.#register(stack);
      const file = stack?.slices[frame ?? 0] ?? { blob, name };
      return new TrayImage(
        this.#reader,
        {
          ...file,
          ...(stack || frame === null ? {} : { frame }),
          ...(window ? { window } : {}),
          ...(plane ? { plane } : {}),
          ...(volume ? { volume } : {}),
        },
        sample,
      );
    });
    this.#replace(images);
    this.#show(images);
  }

  /** Whether two files are of the same stack. */
  isSameStack(a: Blob, b: Blob): boolean {
    const stack = this.#reader.stacks.get(a);
    return stack !== undefined && stack === this.#reader.stacks.get(b);
  }

  /**
   * Adds the frame that an image shows as a separate image before it, so that a question can contain several frames of one
   * file. The original image stays selected.
   */
  addFrame(image: TrayImage): void {
    const index = this.images.indexOf(image);
    if (index < 0 || this.isFull) return;
    const copy = new TrayImage(this.#reader, image.toInput(), image.sample);
    this.#selectedId = image.id;
    this.images.splice(index, 0, copy);
    void copy.reread();
  }

  select(id: number): void {
    this.#selectedId = id;
  }

  remove(id: number): void {
    const index = this.images.findIndex((image) => image.id === id);
    const wasSelected = this.selected?.id === id;
    this.#replace(this.images.filter((image) => image.id !== id));
    if (wasSelected) this.#selectedId = this.images[Math.min(index, this.images.length - 1)]?.id ?? null;
  }

  /** Moves an image to another index; the model gets the images in this order. */
  move(id: number, to: number): void {
    const from = this.images.findIndex((image) => image.id === id);
    const image = this.images[from];
    if (!image || to < 0 || to >= this.images.length || to === from) return;
    this.images.splice(from, 1);
    this.images.splice(to, 0, image);
  }

  /** Call it after the model or the preset changed: the model's input depends on both. */
  reread(): void {
    for (const image of this.images) void image.reread();
  }

  #replace(images: TrayImage[]): void {
    for (const image of this.images) if (!images.includes(image)) image.dispose();
    this.images = images;
  }

  /** A stack begins in its middle, as a volume does. */
  #open(group: ImageGroup): TrayImage {
    const { slices } = group;
    const first = slices[Math.floor(slices.length / 2)] ?? { blob: new Blob(), name: group.name };
    if (slices.length > 1) this.#register(group);
    return new TrayImage(this.#reader, first);
  }

  #register(group: ImageGroup): void {
    for (const { blob } of group.slices) this.#reader.stacks.set(blob, group);
  }

  #show(added: readonly TrayImage[]): void {
    const last = added.at(-1);
    if (last) this.#selectedId = last.id;
    for (const image of added) void image.reread();
  }
}
