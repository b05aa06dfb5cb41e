import { describe, expect, it } from 'vitest';
import { WakeLock } from './wakeLock';

/** A page that can be hidden, and a browser that counts its locks. */
class Browser extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';
  held = 0;
  asked = 0;
  refuses = false;
  #lock: EventTarget | null = null;

  request = (): Promise<WakeLockSentinel> => {
    this.asked++;
    if (this.refuses) return Promise.reject(new DOMException('The battery is low.', 'NotAllowedError'));
    const lock = Object.assign(new EventTarget(), { release: () => Promise.resolve(this.#release()) });
    this.#lock = lock;
    this.held++;
    return Promise.resolve(lock as unknown as WakeLockSentinel);
  };

  show(state: DocumentVisibilityState): void {
    this.visibilityState = state;
    if (state === 'hidden') this.#release();
    this.dispatchEvent(new Event('visibilitychange'));
  }

  #release(): void {
    if (!this.#lock) return;
    this.held--;
    this.#lock.dispatchEvent(new Event('release'));
    this.#lock = null;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

async function locked(): Promise<{ browser: Browser; lock: WakeLock }> {
  const browser = new Browser();
  const lock = new WakeLock(browser, browser.request);
  lock.hold(true);
  await settled();
  return { browser, lock };
}

describe('the wake lock', () => {
  it('is taken once and given back', async () => {
    const { browser, lock } = await locked();
    lock.hold(true);
    await settled();
    expect(browser.asked).toBe(1);
    lock.hold(false);
    await settled();
    expect(browser.held).toBe(0);
    lock.hold(true);
    await settled();
    expect(browser.held).toBe(1);
  });

  it('is taken again when the page is seen again', async () => {
    const { browser } = await locked();
    browser.show('hidden');
    await settled();
    expect(browser.held).toBe(0);
    browser.show('visible');
    await settled();
    expect(browser.held).toBe(1);
  });

  it('waits for a hidden page, and is not taken when it is no longer wanted', async () => {
    const browser = new Browser();
    browser.visibilityState = 'hidden';
    const lock = new WakeLock(browser, browser.request);
    lock.hold(true);
    await settled();
    expect(browser.asked).toBe(0);
    lock.hold(false);
    browser.show('visible');
    await settled();
    expect(browser.asked).toBe(0);
  });

  it('goes without where the browser refuses', async () => {
    const browser = new Browser();
    browser.refuses = true;
    const lock = new WakeLock(browser, browser.request);
    lock.hold(true);
    await settled();
    lock.hold(false);
    await settled();
    expect(browser.held).toBe(0);
  });
});
