/**
 * Options of onnxruntime's WebGPU provider that onnxruntime-web does not pass on. Its session options bind inputs and
 * outputs once if `enableGraphCapture` is set, so a session could not run prompts of any length, and its other options
 * reach the provider too late. The wrapped call adds them to those of the next session.
 */

/** What is used of the module that emscripten's glue makes. */
export interface OptionsModule {
  _malloc(bytes: number): number;
  _free(address: number): void;
  setValue(address: number, value: number, type: '*'): void;
  getValue(address: number, type: '*'): number;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, address: number, bytes: number): void;
  _OrtAppendExecutionProvider(
    session: number,
    name: number,
    keys: number,
    values: number,
    count: number,
  ): number | Promise<number>;
}

const POINTER_BYTES = 4;

let added: Readonly<Record<string, string>> = {};

/** The provider of the next session gets these options too. Sessions are made one at a time. */
export function addProviderOptions(options: Readonly<Record<string, string>>): void {
  added = options;
}

/** Wraps the module's call that appends a provider to a session's options. */
export function adoptProviderOptions(module: OptionsModule): void {
  const append = module._OrtAppendExecutionProvider.bind(module);
  module._OrtAppendExecutionProvider = async (session, name, keys, values, count) => {
    const extra = Object.entries(added);
    added = {};
    if (extra.length === 0) return append(session, name, keys, values, count);
    const made: number[] = [];
    const allocate = (bytes: number): number => {
      const address = module._malloc(bytes);
      made.push(address);
      return address;
    };
    const joined = (old: number, texts: readonly string[]): number => {
      const list = allocate((count + texts.length) * POINTER_BYTES);
      const put = (index: number, address: number): void =>
        module.setValue(list + index * POINTER_BYTES, address, '*');
      for (let i = 0; i < count; i++) put(i, module.getValue(old + i * POINTER_BYTES, '*'));
      texts.forEach((text, i) => {
        const bytes = module.lengthBytesUTF8(text) + 1;
        const address = allocate(bytes);
        module.stringToUTF8(text, address, bytes);
        put(count + i, address);
      });
      return list;
    };
    const allKeys = joined(
      keys,
      extra.map(([key]) => key),
    );
    const allValues = joined(
      values,
      extra.map(([, value]) => value),
    );
    try {
      return await append(session, name, allKeys, allValues, count + extra.length);
    } finally {
      made.forEach((address) => module._free(address));
    }
  };
}
