/** The question as it is being written: text, answer choices, and the key that the model never sees. */
import type { Sample } from '../samples';
import type { Suggestion } from '../suggestions';

export const MIN_OPTIONS = 2;
export const MAX_OPTIONS = 6;

export interface DraftOption {
  /** Stable while options before it come and go. */
  readonly id: number;
  text: string;
}

let nextId = 1;

export class Draft {
  question = $state('');
  options = $state<DraftOption[]>([]);
  /** Id of the option that is right, if the visitor knows and says so. */
  keyId = $state<number | null>(null);

  /** What is asked: empty fields are left out, so letters follow what the visitor sees as filled. */
  filled = $derived(this.options.filter((option) => option.text.trim() !== ''));
  hasOptions = $derived(this.options.length > 0);
  keyIndex = $derived(this.filled.findIndex((option) => option.id === this.keyId));

  setOptions(texts: readonly string[], key: number | null = null): void {
    this.options = texts.slice(0, MAX_OPTIONS).map((text) => ({ id: nextId++, text }));
    this.keyId = key === null ? null : (this.options[key]?.id ?? null);
  }

  addOption(): void {
    const missing = Math.max(MIN_OPTIONS - this.options.length, 1);
    for (let i = 0; i < missing && this.options.length < MAX_OPTIONS; i++) {
      this.options.push({ id: nextId++, text: '' });
    }
  }

  /** One choice is none: below two, all go. */
  removeOption(id: number): void {
    const rest = this.options.filter((option) => option.id !== id);
    this.options = rest.length < MIN_OPTIONS ? [] : rest;
    if (!this.options.some((option) => option.id === this.keyId)) this.keyId = null;
  }

  toggleKey(id: number): void {
    this.keyId = this.keyId === id ? null : id;
  }

  useSuggestion(suggestion: Suggestion): void {
    this.question = suggestion.question;
    this.setOptions(suggestion.options);
  }

  useSample(sample: Sample): void {
    this.question = sample.question;
    this.setOptions(sample.options, sample.key);
  }
}
