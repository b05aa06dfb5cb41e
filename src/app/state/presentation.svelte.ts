/** Presentation mode for a projector: larger type and images, without what only the teacher needs. */
export class Presentation {
  #isOn = $state(false);

  constructor() {
    // Leaving full screen (Escape, or the browser's button) also ends the presentation.
    document.addEventListener('fullscreenchange', () => {
      if (!document.fullscreenElement) this.leave();
    });
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  enter(): void {
    this.#apply(true);
    // Full screen isn't always available; the larger size works without it.
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
