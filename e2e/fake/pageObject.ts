/** The page in the words of its visitor; specs use these, so that a changed label changes one place. */
import type { Locator, Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface TestFile {
  name: string;
  type: string;
  bytes: Buffer;
}

export function sampleFile(name: string, type = 'image/png'): TestFile {
  const path = fileURLToPath(new URL(`../../public/samples/${name}`, import.meta.url));
  return { name, type, bytes: readFileSync(path) };
}

export const TEXT_AS_PNG: TestFile = {
  name: 'notes.png',
  type: 'image/png',
  bytes: Buffer.from('not a picture'),
};

export class RoundsPage {
  readonly ask: Locator;
  readonly question: Locator;
  readonly choices: Locator;
  readonly reasoning: Locator;
  readonly thumbnails: Locator;
  readonly askAgain: Locator;
  readonly stop: Locator;

  constructor(readonly page: Page) {
    this.ask = page.getByRole('button', { name: 'Ask', exact: true });
    this.question = page.getByRole('textbox', { name: 'Question' });
    this.choices = page.getByRole('textbox', { name: /^Choice / });
    this.reasoning = page.getByRole('region', { name: 'Reasoning' });
    this.thumbnails = page.getByRole('button', { name: /^Show image / });
    this.stop = this.reasoning.getByRole('button', { name: 'Stop', exact: true });
    this.askAgain = this.reasoning.getByRole('button', { name: 'Ask again', exact: true });
  }

  /** Puts text on the paste event of a field, as a clipboard does. */
  async pasteText(field: Locator, text: string): Promise<void> {
    await field.focus();
    await field.evaluate((element, data) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', data);
      const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
      // A made-up event has no default action: what the page leaves alone is inserted here.
      if (element.dispatchEvent(event)) document.execCommand('insertText', false, data);
    }, text);
  }

  async modelReady(): Promise<void> {
    await this.page.getByRole('status').filter({ hasText: 'Model ready' }).waitFor({ state: 'attached' });
  }

  /** Opens the model library and returns it. */
  async openLibrary(): Promise<Locator> {
    await this.page.getByRole('button', { name: /^Models/ }).click();
    const dialog = this.page.getByRole('dialog', { name: 'Models' });
    await dialog.getByRole('heading', { name: 'Downloaded' }).waitFor();
    return dialog;
  }

  async takeSample(title: RegExp | string): Promise<void> {
    await this.page.getByRole('region', { name: 'Samples' }).getByRole('button', { name: title }).click();
    await this.viewer().waitFor();
  }

  /** The large image. */
  viewer(): Locator {
    return this.page.getByRole('region', { name: 'Images' }).getByRole('img').first();
  }

  async pick(...files: TestFile[]): Promise<void> {
    await this.page
      .locator('input[type=file]')
      .setInputFiles(files.map(({ name, type, bytes }) => ({ name, mimeType: type, buffer: bytes })));
  }

  async drop(file: TestFile): Promise<void> {
    const transfer = await this.#transfer(file);
    for (const type of ['dragenter', 'dragover', 'drop']) {
      await this.page.locator('body').dispatchEvent(type, { dataTransfer: transfer });
    }
  }

  /** Puts the file on the page's clipboard event; a real clipboard holds no files in a headless browser. */
  async paste(file: TestFile): Promise<void> {
    const transfer = await this.#transfer(file);
    await this.page.locator('body').evaluate((body, clipboardData) => {
      body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, transfer);
  }

  #transfer({ name, type, bytes }: TestFile) {
    return this.page.evaluateHandle(
      (file) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(file.bytes)], file.name, { type: file.type }));
        return transfer;
      },
      { name, type, bytes: [...bytes] },
    );
  }
}
