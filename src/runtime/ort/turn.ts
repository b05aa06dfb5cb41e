/**
 * Lets waiting messages and timers through. A computation that only awaits settled promises never returns to the event loop, so
 * its worker would see no message until the end. A turn by MessageChannel takes some microseconds; by `setTimeout` it would take
 * 4 ms, because browsers delay nested timers.
 */

/** In the order of the calls, which is the order of the messages. */
const waiting: (() => void)[] = [];
let port: MessagePort | null = null;

function openPort(): MessagePort {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => waiting.shift()?.();
  // In Node an open port would keep the process alive.
  (channel.port1 as { unref?: () => void }).unref?.();
  return channel.port2;
}

export function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    port ??= openPort();
    port.postMessage(null);
  });
}
