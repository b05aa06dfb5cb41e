import type { Backend } from '../../engine/ports';

/** Test helper: a device whose results are scaled: finite, plausible and wrong. */
export function wrongBackend(right: Backend): Backend {
  return new Proxy(right, {
    get(target, property) {
      if (property === 'read') {
        return async (tensor: Parameters<Backend['read']>[0]) => {
          const values = (await target.read(tensor)) as Float32Array;
          return values.map((value, i) => value * (1 + (i % 7) / 10));
        };
      }
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
