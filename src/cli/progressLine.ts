/** Progress on stderr: one line rewritten on a terminal, a line every tenth in a log. */
export class ProgressLine {
  readonly #label: string;
  #shown = -1;

  constructor(label: string) {
    this.#label = label;
  }

  /** @param fraction 0 to 1 */
  update(fraction: number, detail: string): void {
    const percent = Math.floor(fraction * 100);
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[K${this.#label} ${percent} % ${detail}`);
    } else if (Math.floor(percent / 10) > Math.floor(this.#shown / 10)) {
      process.stderr.write(`${this.#label} ${percent} %\n`);
    }
    this.#shown = percent;
  }

  end(): void {
    if (process.stderr.isTTY && this.#shown >= 0) process.stderr.write('\r\x1b[K');
  }
}
