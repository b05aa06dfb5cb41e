/** How one image is viewed. It doesn't affect the model's input, and is kept while other images are selected. */
import {
  boxOf,
  FITTED,
  fitZoom,
  panBy,
  pixelAt,
  ZOOM_STEP,
  zoomAt,
  zoomLimits,
  zoomTo,
  type Box,
  type Point,
  type Size,
  type View,
} from '../../viewer/view';

/** What dragging does with the main button or one finger. */
export type Tool = 'pan' | 'window';

const EMPTY: Size = { width: 1, height: 1 };

export class Viewer {
  tool = $state<Tool>('pan');
  isInverted = $state(false);
  /** Shows the model's input: the resized picture with its token grid. */
  showsModel = $state(false);
  isPlaying = $state(false);
  /** Size of the stage in CSS pixels, and of the image in its own pixels. */
  stage = $state.raw<Size>(EMPTY);
  image = $state.raw<Size>(EMPTY);
  #view = $state.raw<View>(FITTED);

  box: Box = $derived(boxOf(this.#view, this.image, this.stage));
  isFitted = $derived(this.#view.zoom === null);
  /** Whether the image is larger than the stage, so that it can be moved. */
  canPan = $derived(this.box.width > this.stage.width + 1 || this.box.height > this.stage.height + 1);
  #limits = $derived(zoomLimits(this.image, this.stage));
  canZoomIn = $derived(this.box.zoom < this.#limits[1]);
  canZoomOut = $derived(this.box.zoom > this.#limits[0]);

  /** @param at point that stays in place, in CSS pixels on the stage; default: the middle */
  zoomBy(factor: number, at?: Point): void {
    const middle = { x: this.stage.width / 2, y: this.stage.height / 2 };
    this.#view = zoomAt(this.#view, factor, at ?? middle, this.image, this.stage);
  }

  /**
   * Zooms by the wheel, but not below the fitted size.
   * @returns false if the limit is reached, so that the page may scroll
   */
  wheelZoom(factor: number, at: Point): boolean {
    const fit = fitZoom(this.image, this.stage);
    if (factor > 1 ? !this.canZoomIn : this.box.zoom <= fit) return false;
    if (factor < 1 && this.box.zoom * factor <= fit) this.fit();
    else this.zoomBy(factor, at);
    return true;
  }

  zoomIn(): void {
    this.zoomBy(ZOOM_STEP);
  }

  zoomOut(): void {
    this.zoomBy(1 / ZOOM_STEP);
  }

  fit(): void {
    this.#view = FITTED;
  }

  /** One image pixel as large as a CSS pixel. */
  actualSize(at?: Point): void {
    if (at) this.zoomBy(1 / this.box.zoom, at);
    else this.#view = zoomTo(this.#view, 1, this.image, this.stage);
  }

  panBy(by: Point): void {
    this.#view = panBy(this.#view, by, this.image, this.stage);
  }

  pixelAt(at: Point): Point | null {
    return pixelAt(this.#view, at, this.image, this.stage);
  }

  reset(): void {
    this.fit();
    this.isInverted = false;
    this.showsModel = false;
    this.isPlaying = false;
  }
}
