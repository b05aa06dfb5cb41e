/**
 * Reads fields of untrusted JSON. Every number has bounds, and every error message names the field and what was
 * expected, so that a person can find it in the file.
 */
export type Fail = (message: string) => never;

export class Fields {
  readonly #value: Record<string, unknown>;
  readonly #where: string;
  readonly #fail: Fail;

  /**
   * @param where how error messages refer to this object, for example `config.json: vision_config`
   * @param fail throws the caller's error
   */
  constructor(value: unknown, where: string, fail: Fail) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      fail(`${where} must be a JSON object.`);
    }
    this.#value = value as Record<string, unknown>;
    this.#where = where;
    this.#fail = fail;
  }

  /** The raw value; undefined if absent or null. Reads own properties only, because keys come from a file. */
  get(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? (this.#value[name] ?? undefined) : undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  keys(): string[] {
    return Object.keys(this.#value);
  }

  integer(name: string, min: number, max: number, fallback?: number): number {
    const value = this.get(name) ?? fallback;
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      this.#refuse(name, `a whole number from ${min} to ${max}`, value);
    }
    return value as number;
  }

  number(name: string, min: number, max: number, fallback?: number): number {
    const value = this.get(name) ?? fallback;
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      this.#refuse(name, `a number from ${min} to ${max}`, value);
    }
    return value;
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.get(name) ?? fallback;
    if (typeof value !== 'boolean') this.#refuse(name, 'true or false', value);
    return value;
  }

  string(name: string, maxLength = 10_000): string {
    const value = this.get(name);
    if (typeof value !== 'string' || value.length > maxLength) {
      this.#refuse(name, `a text of at most ${maxLength} characters`, value);
    }
    return value;
  }

  stringOrNull(name: string, maxLength = 10_000): string | null {
    return this.has(name) ? this.string(name, maxLength) : null;
  }

  choice<T extends string | number>(name: string, choices: readonly T[]): T {
    const value = this.get(name);
    if (!choices.includes(value as T)) this.#refuse(name, choices.join(' or '), value);
    return value as T;
  }

  object(name: string): Fields {
    return new Fields(this.get(name), `${this.#where}: ${name}`, this.#fail);
  }

  array(name: string, maxLength: number): unknown[] {
    const value = this.get(name);
    if (!Array.isArray(value) || value.length > maxLength) {
      this.#refuse(name, `a list of at most ${maxLength} entries`, value);
    }
    return value as unknown[];
  }

  objects(name: string, maxLength: number): Fields[] {
    return this.array(name, maxLength).map(
      (entry, i) => new Fields(entry, `${this.#where}: ${name}[${i}]`, this.#fail),
    );
  }

  numbers(name: string, maxLength: number, min: number, max: number): number[] {
    const value = this.get(name);
    const fits = (item: unknown): boolean => typeof item === 'number' && item >= min && item <= max;
    if (!Array.isArray(value) || value.length > maxLength || !value.every(fits)) {
      this.#refuse(name, `a list of at most ${maxLength} numbers from ${min} to ${max}`, value);
    }
    return value as number[];
  }

  integers(name: string, maxLength: number, min: number, max: number): number[] {
    const values = this.array(name, maxLength);
    const isValid = (v: unknown): v is number =>
      Number.isSafeInteger(v) && (v as number) >= min && (v as number) <= max;
    if (!values.every(isValid)) this.#refuse(name, `a list of whole numbers from ${min} to ${max}`, values);
    return values;
  }

  /** Three finite numbers within bounds, for example a colour or the sections of mRoPE. */
  triple(name: string, min: number, max: number): [number, number, number] {
    const [a, b, c, ...rest] = this.array(name, 3);
    const isValid = (v: unknown): v is number => typeof v === 'number' && v >= min && v <= max;
    if (rest.length > 0 || !isValid(a) || !isValid(b) || !isValid(c)) {
      return this.#refuse(name, `three numbers from ${min} to ${max}`, this.get(name));
    }
    return [a, b, c];
  }

  /** Fails with the object's name in front of the message; for rules between fields. */
  reject(message: string): never {
    return this.#fail(`${this.#where}: ${message}`);
  }

  #refuse(name: string, expected: string, value: unknown): never {
    // Only the beginning is shown, so only that of a text is written.
    const brief = typeof value === 'string' ? value.slice(0, 80) : value;
    const shown = value === undefined ? 'nothing' : JSON.stringify(brief).slice(0, 80);
    return this.#fail(`${this.#where}: ${name} must be ${expected}, but is ${shown}.`);
  }
}
