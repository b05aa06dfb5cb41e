/** The images of the next question. Files are decoded in the worker; the page only draws what it gets back. */
import { RoundsError } from '../../shared/errors';
import type { ImageInput, ImagePreview, PixelLimits } from '../../shared/protocol';
import type { EngineApi } from '../clients/engineClient';
import { isSameImage } from '../prompting';
import type { Sample } from '../samples';

/** Each image takes hundreds of tokens of the context and a thumbnail's width of the page. */
export const MAX_IMAGES = 6;

let nextId = 1;

export class TrayImage {
  readonly id = nextId++;
  readonly name: string;
  readonly blob: Blob;
  /** Where it came from, when it is one of ours. */
  readonly sample: Sample | null;
  preview = $state.raw<ImagePreview | null>(null);
  error = $state.raw<RoundsError | null>(null);

  constructor(blob: Blob, name: string, sample: Sample | null = null) {
    this.blob = blob;
    this.name = name;
    this.sample = sample;
  }

  toInput(): ImageInput {
    return { blob: this.blob, name: this.name };
  }

  async read(engine: EngineApi, imageLimits: PixelLimits[]): Promise<void> {
    try {
      this.preview = await engine.call('preview', { image: this.toInput(), imageLimits });
      this.error = null;
    } catch (thrown) {
      this.error = RoundsError.from(thrown);
    }
  }
}

export class ImageTray {
  images = $state<TrayImage[]>([]);
  /** Why some of the last files were left out, or empty. */
  notice = $state('');
  #selectedId = $state<number | null>(null);
  selected = $derived(this.images.find((image) => image.id === this.#selectedId) ?? this.images[0] ?? null);
  readable = $derived(this.images.filter((image) => image.error === null));

  readonly #engine: EngineApi;
  /** Resizes that the chosen preset makes before the model's own. */
  readonly #limits: () => PixelLimits[];

  constructor(engine: EngineApi, limits: () => PixelLimits[] = () => []) {
    this.#engine = engine;
    this.#limits = limits;
  }

  add(files: readonly File[]): void {
    const room = MAX_IMAGES - this.images.length;
    this.notice = files.length > room ? `Only ${MAX_IMAGES} images fit into one question.` : '';
    const added = files
      .slice(0, Math.max(room, 0))
      .map((file) => new TrayImage(file, file.name || 'pasted image'));
    this.images.push(...added);
    this.#show(added);
  }

  /** A sample stands alone: its question is about it only. */
  useSample(blob: Blob, sample: Sample): void {
    const image = new TrayImage(blob, sample.file, sample);
    this.notice = '';
    this.images = [image];
    this.#show([image]);
  }

  /** The images of an earlier question; those that are still here stay as they are. */
  restore(inputs: readonly ImageInput[]): void {
    const images = inputs.map(
      (input) =>
        this.images.find((image) => isSameImage(image.toInput(), input)) ??
        new TrayImage(input.blob, input.name),
    );
    const added = images.filter((image) => !this.images.includes(image));
    this.notice = '';
    this.images = images;
    this.#show(added);
  }

  select(id: number): void {
    this.#selectedId = id;
  }

  remove(id: number): void {
    this.images = this.images.filter((image) => image.id !== id);
    this.notice = '';
  }

  /** After the model or the preset has changed: what the model sees depends on both. */
  reread(): void {
    for (const image of this.images) void image.read(this.#engine, this.#limits());
  }

  #show(added: readonly TrayImage[]): void {
    const last = added.at(-1);
    if (last) this.#selectedId = last.id;
    for (const image of added) void image.read(this.#engine, this.#limits());
  }
}
