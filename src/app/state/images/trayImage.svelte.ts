/**
 * One image of the question: a file, the place in it that is shown and asked about (frame, plane, volume), and the window
 * it is seen through. What is shown follows the hand at once where it can; what the worker says comes after it, and the
 * newest wish wins.
 */
import { RoundsError } from '../../../shared/errors';
import type { IdentifyingField, ImageFacts, Plane, RawValues } from '../../../shared/imageFacts';
import type { ImageInput, PixelLimits } from '../../../shared/generation';
import type { ImagePreview } from '../../../shared/protocol';
import type { WindowRange } from '../../../shared/windowing';
import type { EngineApi } from '../../clients/engineClient';
import type { Sample } from '../../question/samples';
import { isSameWindow, tidy } from '../../viewer/windowDrag';
import { extent } from '../../viewer/windowPixels';
import type { FrameCache } from './frameCache';
import { Viewer } from './viewer.svelte';

/** What a tray shares with its images. */
export interface Reader {
  readonly engine: EngineApi;
  readonly cache: FrameCache;
  /** Resizes that the chosen preset makes before the model's own. */
  readonly limits: () => PixelLimits[];
}

interface Place {
  plane: Plane;
  volume: number;
  /** Null: the one that the file begins with. */
  frame: number | null;
}

/** What is drawn: pixels as they are, or values that the page windows itself. */
export interface Shown {
  width: number;
  height: number;
  pixels:
    | { kind: 'rgba'; rgba: Uint8ClampedArray<ArrayBuffer> }
    | { kind: 'raw'; raw: RawValues; window: WindowRange };
  facts: ImageFacts;
  /** Null for colour and for 8 bits: there are no values behind the levels. */
  raw: RawValues | null;
}

/** A window that moves under a hand is given to the model once the hand rests. */
const REST_MS = 160;
/** Frames decoded ahead on each side, nearest first. */
const AHEAD = 3;

let nextId = 1;

export class TrayImage {
  readonly id = nextId++;
  readonly name: string;
  readonly blob: Blob;
  /** Where it came from, when it is one of ours. */
  readonly sample: Sample | null;
  readonly viewer = new Viewer();
  /** What the worker made of the present place and window, or of the last ones while the next come. */
  preview = $state.raw<ImagePreview | null>(null);
  error = $state.raw<RoundsError | null>(null);
  /** [center, width] that the visitor chose; null for the file's own. */
  window = $state.raw<WindowRange | null>(null);
  /** What is on the screen. */
  shown = $state.raw<Shown | null>(null);
  /** True while what is shown is not yet what was wished for. */
  isBehind = $state(false);

  readonly #reader: Reader;
  #place = $state.raw<Place>({ plane: 'axial', volume: 0, frame: null });
  /** The frame that each plane begins with, known once it was read. */
  #firstFrames = $state.raw<Partial<Record<Plane, number>>>({});
  /** Counts what makes earlier readings worthless. */
  #generation = 0;
  #isReading = false;
  #isStale = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Direction of the last scroll, for decoding ahead. */
  #direction = 1;

  constructor(reader: Reader, input: ImageInput, sample: Sample | null = null) {
    this.#reader = reader;
    this.blob = input.blob;
    this.name = input.name;
    this.sample = sample;
    this.window = input.window ?? null;
    this.#place = { plane: input.plane ?? 'axial', volume: input.volume ?? 0, frame: input.frame ?? null };
  }

  get frames(): number {
    return this.preview?.frames ?? 1;
  }

  /** What the model is given; null before a model is loaded. */
  get modelPixels(): Pick<Shown, 'width' | 'height' | 'pixels'> | null {
    const { preview } = this;
    if (!preview?.resizedRgba) return null;
    const pixels = { kind: 'rgba' as const, rgba: preview.resizedRgba };
    return { width: preview.resizedWidth, height: preview.resizedHeight, pixels };
  }

  /** Whether there are values to lay a window over, and they are on the screen. */
  get canWindow(): boolean {
    return Boolean(this.shown?.raw) && !this.viewer.showsModel;
  }

  /** Where a drag begins: the window in use; where a table of the file is, the whole range of the values. */
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

  /** The window in use, the file's own included; null where there is none (colour, 8 bits, a table of the file). */
  get range(): WindowRange | null {
    return this.window ?? this.shown?.facts.window ?? null;
  }

  /** What is asked about. */
  toInput(): ImageInput {
    return this.#inputOf(this.#place);
  }

  /** Out of range is the nearest end. */
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

  /** Shows another window at once; the model is given it when no newer one comes. Null: the file's own. */
  useWindow(range: WindowRange | null): void {
    const shape = this.shown?.raw?.shape ?? 'LINEAR';
    const wanted = range && tidy(range, shape);
    if (isSameWindow(wanted, this.window)) return;
    this.window = wanted;
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), REST_MS);
  }

  /** The view and the window as they were at first; the frame stays. */
  reset(): void {
    this.viewer.reset();
    this.useWindow(null);
  }

  /** Reads the file again: the model or the preset has changed, or the last try failed. */
  async reread(): Promise<void> {
    this.#generation += 1;
    this.#reader.cache.clear(this.#prefix);
    await this.#read();
  }

  /** Values of the fields that tell who the patient is. They are handed over and kept nowhere. */
  async readIdentity(): Promise<IdentifyingField[]> {
    const preview = await this.#reader.engine.call('preview', { image: this.toInput(), identity: true });
    return preview.dicom?.identifying ?? [];
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#reader.cache.clear(this.#prefix);
  }

  #go(place: Place): void {
    this.#place = place;
    this.#show();
    void this.#read();
  }

  /** Draws what is there already; false where the worker has to be asked for anything at all. */
  #show(): void {
    const cached = this.#reader.cache.get(this.#key(this.#place));
    this.isBehind = !cached || !isSameWindow(cached.window, this.window);
    if (!cached) return;
    const { preview } = cached;
    const isAsAsked = isSameWindow(cached.window, this.window);
    if (isAsAsked) this.preview = preview;
    // Where the file's own window is wished for again, only the worker knows what it was.
    if (!isAsAsked && !(this.window && preview.raw)) return;
    const { rgba, raw, width, height } = preview;
    const pixels: Shown['pixels'] =
      isAsAsked || !raw || !this.window ? { kind: 'rgba', rgba } : { kind: 'raw', raw, window: this.window };
    this.shown = { width, height, pixels, facts: preview, raw: raw ?? null };
  }

  /** One call at a time: while it runs, wishes pile up to one. */
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
    const preview = await engine.call('preview', { image, imageLimits: limits(), raw: true, file: this.id });
    if (generation !== this.#generation) return;
    if (place.frame === null) this.#firstFrames = { ...this.#firstFrames, [place.plane]: preview.frame };
    cache.set(this.#key({ ...place, frame: preview.frame }), { preview, window });
  }

  /** While nobody waits: the next frames in the direction of the last scroll, then one on the other side. */
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

  /** The same picture is always the same input: what a file begins with is left out. */
  #inputOf({ plane, volume, frame }: Place): ImageInput {
    const isFirst = frame === null || frame === this.#firstFrames[plane];
    return {
      blob: this.blob,
      name: this.name,
      ...(isFirst ? {} : { frame }),
      ...(this.window ? { window: [...this.window] as WindowRange } : {}),
      ...(plane === 'axial' ? {} : { plane }),
      ...(volume === 0 ? {} : { volume }),
    };
  }

  #key({ plane, volume, frame }: Place): string {
    return `${this.#prefix}${plane}/${volume}/${frame ?? this.#firstFrames[plane] ?? 'first'}`;
  }
}
