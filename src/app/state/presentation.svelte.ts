/** The page as a class sees it on a projector: larger type and image, without what only the teacher needs. */
export class Presentation {
  #isOn = $state(false);

  constructor() {
    // Leaving full screen, by Escape or by the browser's own button, leaves the presentation too.
    document.addEventListener('fullscreenchange', () => {
      if (!document.fullscreenElement) this.leave();
    });
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  enter(): void {
    this.#apply(true);
    // Not everywhere, and not where the page is embedded: the larger size is there without it.
    if (document.fullscreenEnabled) void document.documentElement.requestFullscreen().catch(() => undefined);
  }

  leave(): void {
    if (!this.#isOn) return;
    this.#apply(false);
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
  }

  toggle(): void {
    if (this.#isOn) this.leave();
    else this.enter();
  }

  #apply(isOn: boolean): void {
    this.#isOn = isOn;
    const root = document.documentElement;
    if (isOn) root.dataset['presentation'] = '';
    else delete root.dataset['presentation'];
  }
}
