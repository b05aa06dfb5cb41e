/** Progress on stderr: one line that is updated on a terminal; in a log, one line per 10 %. */
export class ProgressLine {
  readonly #label: string;
  readonly #write: (text: string) => void;
  #shown = -1;

  constructor(label: string, write: (text: string) => void) {
    this.#label = label;
    this.#write = write;
  }

  /** @param fraction 0 to 1 */
  update(fraction: number, detail: string): void {
    const percent = Math.floor(fraction * 100);
    if (process.stderr.isTTY) {
      this.#write(`\r\x1b[K${this.#label} ${percent} % ${detail}`);
    } else if (Math.floor(percent / 10) > Math.floor(this.#shown / 10)) {
      this.#write(`${this.#label} ${percent} %\n`);
    }
    this.#shown = percent;
  }

  end(): void {
    if (process.stderr.isTTY && this.#shown >= 0) this.#write('\r\x1b[K');
  }
}
