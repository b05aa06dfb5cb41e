import { beforeEach, describe, expect, it } from 'vitest';
import { OfflineSupport } from './pwa';

/** As much of a worker's life as the class follows. */
class FakeWorker extends EventTarget {
  state = 'installing';
  readonly received: unknown[] = [];
  postMessage(message: unknown): void {
    this.received.push(message);
  }
  become(state: string): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

class FakeRegistration extends EventTarget {
  installing: FakeWorker | null = null;
  waiting: FakeWorker | null = null;
  find(worker: FakeWorker): void {
    this.installing = worker;
    this.dispatchEvent(new Event('updatefound'));
  }
}

class FakeContainer extends EventTarget {
  controller: object | null = null;
  readonly registration = new FakeRegistration();
  ready: Promise<unknown> = Promise.resolve();
  registered = 0;
  register(): Promise<FakeRegistration> {
    this.registered += 1;
    return Promise.resolve(this.registration);
  }
  getRegistration(): Promise<FakeRegistration> {
    return Promise.resolve(this.registration);
  }
}

let container: FakeContainer;
let reloads: number;
let offline: OfflineSupport;

beforeEach(() => {
  container = new FakeContainer();
  reloads = 0;
  offline = new OfflineSupport(container as unknown as ServiceWorkerContainer, () => reloads++);
});

describe('the first visit', () => {
  it('is offline-ready when the worker is active, and the worker’s arrival is no update', async () => {
    const worker = new FakeWorker();
    container.registration.installing = worker;
    const registered = offline.register('sw.js');
    await Promise.resolve();
    worker.become('installed');
    container.controller = worker;
    container.dispatchEvent(new Event('controllerchange'));
    await registered;
    expect(offline.state).toEqual({ supported: true, offlineReady: true, updateReady: false, error: null });
    expect(reloads).toBe(0);
  });

  it('notifies subscribers at once and at every change until they unsubscribe', async () => {
    const seen: boolean[] = [];
    const leave = offline.subscribe((state) => seen.push(state.offlineReady));
    await offline.register('sw.js');
    leave();
    container.registration.find(new FakeWorker());
    expect(seen).toEqual([false, true]);
  });

  it('says why when the registration is refused', async () => {
    container.register = () => Promise.reject(new Error('insecure'));
    await offline.register('sw.js');
    expect(offline.state).toMatchObject({ offlineReady: false, error: 'insecure' });
  });

  it('is unsupported where there are no service workers', async () => {
    const without = new OfflineSupport(undefined, () => undefined);
    await without.register('sw.js');
    expect(without.state).toMatchObject({ supported: false, offlineReady: false, error: null });
  });
});

describe('before anything may be fetched', () => {
  it('a first visit is not ready, and fetches nothing', async () => {
    await offline.findInstalled();
    expect(offline.state).toMatchObject({ offlineReady: false, updateReady: false });
    expect(container.registered).toBe(0);
  });

  it('a later visit is ready, and offers the version that an earlier one has fetched', async () => {
    container.controller = {};
    container.registration.waiting = new FakeWorker();
    await offline.findInstalled();
    expect(offline.state).toMatchObject({ offlineReady: true, updateReady: true });
    expect(container.registered).toBe(0);
  });

  it('it is registered once, however often that is asked for', async () => {
    container.controller = {};
    await offline.findInstalled();
    await Promise.all([offline.register('sw.js'), offline.register('sw.js')]);
    expect(container.registered).toBe(1);
    const worker = new FakeWorker();
    container.registration.find(worker);
    worker.become('installed');
    expect(offline.state.updateReady).toBe(true);
  });
});

describe('a newer version', () => {
  beforeEach(async () => {
    container.controller = {};
    await offline.register('sw.js');
  });

  it('waits, and takes over and reloads only when it is asked to', () => {
    const worker = new FakeWorker();
    container.registration.find(worker);
    container.registration.waiting = worker;
    worker.become('installed');
    expect(offline.state.updateReady).toBe(true);
    expect(worker.received).toEqual([]);
    offline.applyUpdate();
    expect(worker.received).toEqual([{ type: 'SKIP_WAITING' }]);
    expect(reloads).toBe(0);
    container.dispatchEvent(new Event('controllerchange'));
    expect(reloads).toBe(1);
  });

  it('that was waiting since an earlier visit is offered too', async () => {
    const later = new OfflineSupport(container as unknown as ServiceWorkerContainer, () => reloads++);
    container.registration.waiting = new FakeWorker();
    await later.register('sw.js');
    expect(later.state.updateReady).toBe(true);
  });

  it('cannot be applied when none waits', () => {
    offline.applyUpdate();
    container.dispatchEvent(new Event('controllerchange'));
    expect(reloads).toBe(0);
  });
});
