/**
 * One image of the question: a file or a stack of files, the place in it that is shown and asked about (frame, plane, volume), and
 * the window.
 * The display follows the visitor immediately where it can; the worker's result follows, and the latest request wins.
 */
import { RoundsError } from '../../../shared/errors';
import type { IdentifyingField, Plane } from '../../../shared/imageFacts';
import type { ImageInput, PixelLimits } from '../../../shared/generation';
import type { ImagePreview } from '../../../shared/protocol';
import type { WindowRange } from '../../../shared/windowing';
import type { EngineApi } from '../../clients/engineClient';
import type { Sample } from '../../question/samples';
import { isSameWindow, roundWindow } from '../../viewer/windowDrag';
import { extent } from '../../viewer/windowPixels';
import type { FrameCache } from './frameCache';
import { inputOf, type ImagePlace, type Place } from './imagePlace';
import type { ImageGroup, Slice } from './series';
import { shownOf, type Shown } from './shownImage';
import { Viewer } from './viewer.svelte';

/** What the images of a tray share. */
export interface Reader {
  readonly engine: EngineApi;
  readonly cache: FrameCache;
  /** Resizes that the chosen preset makes before the model's own. */
  readonly limits: () => PixelLimits[];
  /** The stack of each slice, so that an earlier question about a slice brings its stack back. */
  readonly stacks: WeakMap<Blob, ImageGroup>;
}

/** The file of an image, for storage. */
export interface StoredImage {
  blob: Blob;
  name: string;
  stack: ImageGroup | null;
  sample: Sample | null;
}

/** A changed window is sent to the worker after this time without further changes. */
const REST_MS = 160;
/** Frames decoded ahead in the direction of scrolling. */
const AHEAD = 3;

let nextId = 1;

export class TrayImage {
  readonly id = nextId++;
  readonly name: string;
  /** The files of a series, whose frames are these files; null for a single file. */
  readonly stack: readonly Slice[] | null;
  /** The sample that the image is from, or null. */
  readonly sample: Sample | null;
  readonly viewer = new Viewer();
  /** The worker's result for the current place and window, or the previous result while the next is pending. */
  preview = $state.raw<ImagePreview | null>(null);
  error = $state.raw<RoundsError | null>(null);
  /** [center, width] chosen by the visitor; null for the file's own. */
  window = $state.raw<WindowRange | null>(null);
  /** What is on the screen. */
  shown = $state.raw<Shown | null>(null);
  /** True while the screen doesn't show the requested place and window yet. */
  isPending = $state(false);

  readonly #reader: Reader;
  readonly #blob: Blob;
  #place = $state.raw<Place>({ plane: 'axial', volume: 0, frame: null });
  /** The initial frame of each plane, once it was read. */
  #firstFrames = $state.raw<Partial<Record<Plane, number>>>({});
  /** Incremented when earlier results become invalid. */
  #generation = 0;
  #isReading = false;
  #isStale = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Direction of the last scroll, for decoding ahead. */
  #direction = 1;

  constructor(reader: Reader, input: ImageInput, sample: Sample | null = null) {
    this.#reader = reader;
    this.#blob = input.blob;
    const group = reader.stacks.get(input.blob);
    this.stack = group?.slices ?? null;
    this.name = group?.name ?? input.name;
    this.sample = sample;
    this.window = input.window ?? null;
    const index = this.stack?.findIndex(({ blob }) => blob === input.blob);
    const frame = index ?? input.frame ?? null;
    this.#place = { plane: input.plane ?? 'axial', volume: input.volume ?? 0, frame };
  }

  /** The file that is shown. */
  get blob(): Blob {
    return this.stack?.[this.frame]?.blob ?? this.#blob;
  }

  get frames(): number {
    return this.stack?.length ?? this.preview?.frames ?? 1;
  }

  /** The model's input; null before a model is loaded. */
  get modelPixels(): Pick<Shown, 'width' | 'height' | 'pixels'> | null {
    const { preview } = this;
    if (!preview?.resizedRgba) return null;
    const pixels = { kind: 'rgba' as const, rgba: preview.resizedRgba };
    return { width: preview.resizedWidth, height: preview.resizedHeight, pixels };
  }

  /** Whether the image on the screen has raw values, so that its window can be changed. */
  get canWindow(): boolean {
    return Boolean(this.shown?.raw) && !this.viewer.showsModel;
  }

  /** The window at the start of a drag: the one in use, or the whole range of values if the file has a lookup table. */
  get startRange(): WindowRange | null {
    if (this.range || !this.shown?.raw) return this.range;
    const [least, most] = extent(this.shown.raw.values);
    return [(least + most) / 2, Math.max(most - least, 1)];
  }

  get frame(): number {
    return this.#place.frame ?? this.#firstFrames[this.#place.plane] ?? this.preview?.frame ?? 0;
  }

  get plane(): Plane {
    return this.#place.plane;
  }

  get volume(): number {
    return this.#place.volume;
  }

  /** The window in use, chosen or the file's own; null if there is none (colour, 8 bits, a lookup table). */
  get range(): WindowRange | null {
    return this.window ?? this.shown?.facts.window ?? null;
  }

  /** The image as part of a question. */
  toInput(): ImageInput {
    return this.#inputOf(this.#place);
  }

  get place(): ImagePlace {
    return { ...this.#place, window: this.window };
  }

  toStored(): StoredImage {
    const { name, sample } = this;
    return { blob: this.#blob, name, sample, stack: this.#reader.stacks.get(this.#blob) ?? null };
  }

  /** Clamped to the existing frames. */
  showFrame(frame: number): void {
    const last = this.frames - 1;
    const wanted = Math.min(Math.max(Math.round(frame), 0), last);
    if (wanted === this.frame) return;
    this.#direction = Math.sign(wanted - this.frame);
    this.#go({ ...this.#place, frame: wanted });
  }

  showPlane(plane: Plane): void {
    if (plane !== this.plane) this.#go({ ...this.#place, plane, frame: null });
    this.viewer.fit();
  }

  showVolume(volume: number): void {
    this.#go({ ...this.#place, volume });
  }

  /** Shows another window immediately, and sends it to the worker when it stops changing. Null: the file's own. */
  useWindow(range: WindowRange | null): void {
    const shape = this.shown?.raw?.shape ?? 'LINEAR';
    const wanted = range && roundWindow(range, shape);
    if (isSameWindow(wanted, this.window)) return;
    this.window = wanted;
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), REST_MS);
  }

  /** Resets view and window; the frame stays. */
  reset(): void {
    this.viewer.reset();
    this.useWindow(null);
  }

  /** Reads the file again: after the model or the preset changed, or to retry after an error. */
  async reread(): Promise<void> {
    this.#generation += 1;
    this.#reader.cache.clear(this.#prefix);
    await this.#read();
  }

  /** Header fields that identify the patient, with their values, which are not stored anywhere. */
  async readIdentity(): Promise<IdentifyingField[]> {
    const preview = await this.#reader.engine.call('preview', { image: this.toInput(), identity: true });
    return preview.dicom?.identifying ?? [];
  }

  /** Releases cached frames. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#reader.cache.clear(this.#prefix);
  }

  #go(place: Place): void {
    this.#place = place;
    this.#show();
    void this.#read();
  }

  /** Shows what the cache has; otherwise the display waits for the worker. */
  #show(): void {
    const cached = this.#reader.cache.get(this.#key(this.#place));
    this.isPending = !cached || !isSameWindow(cached.window, this.window);
    if (!cached) return;
    if (isSameWindow(cached.window, this.window)) this.preview = cached.preview;
    const shown = shownOf(cached, this.window);
    if (shown) this.shown = shown;
  }

  /** One call at a time; requests made meanwhile are combined into one. */
  async #read(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isStale) {
      this.#isStale = false;
      await this.#readPlace(this.#place);
    }
    this.#isReading = false;
    await this.#readAhead();
  }

  async #readPlace(place: Place): Promise<void> {
    try {
      await this.#fetch(place);
      this.error = null;
    } catch (thrown) {
      if (!this.#isStale) this.error = RoundsError.from(thrown);
    }
    this.#show();
  }

  async #fetch(place: Place): Promise<void> {
    const { cache, engine, limits } = this.#reader;
    const { window } = this;
    const known = cache.get(this.#key(place));
    if (known && isSameWindow(known.window, window)) return;
    const generation = this.#generation;
    const image = this.#inputOf(place);
    // The worker remembers the file for its next frame; a slice of a stack is a file of its own.
    const file = this.stack ? {} : { file: this.id };
    const preview = await engine.call('preview', { image, imageLimits: limits(), raw: true, ...file });
    if (generation !== this.#generation) return;
    const frame = this.stack ? place.frame : preview.frame;
    if (place.frame === null) this.#firstFrames = { ...this.#firstFrames, [place.plane]: preview.frame };
    cache.set(this.#key({ ...place, frame }), { preview, window });
  }

  /** Decodes frames ahead while idle: in the direction of the last scroll, then one in the other. */
  async #readAhead(): Promise<void> {
    const { frames } = this;
    if (frames === 1 || this.error) return;
    const steps = [...Array.from({ length: AHEAD }, (_, i) => i + 1), -1];
    for (const step of steps) {
      const frame = this.frame + step * this.#direction;
      if (this.#isReading || frame < 0 || frame >= frames) continue;
      await this.#fetch({ ...this.#place, frame }).catch(() => undefined);
    }
  }

  get #prefix(): string {
    return `${this.id}/`;
  }

  #inputOf(place: Place): ImageInput {
    const { name, window } = this;
    const slice = this.stack?.[place.frame ?? 0];
    const file = slice ?? { blob: this.#blob, name };
    const isFirst = slice !== undefined || place.frame === this.#firstFrames[place.plane];
    return inputOf(file, isFirst ? { ...place, frame: null } : place, window);
  }

  #key({ plane, volume, frame }: Place): string {
    return `${this.#prefix}${plane}/${volume}/${frame ?? this.#firstFrames[plane] ?? 'first'}`;
  }
}
