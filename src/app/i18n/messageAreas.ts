/**
 * The English message files by area, as types: results of `import.meta.glob` have none. An area that is missing here is
 * reported by messages.test.ts, and its keys do not compile.
 */
export interface Areas {
  answer: typeof import('./messages/en/answer.json');
  ask: typeof import('./messages/en/ask.json');
  cases: typeof import('./messages/en/cases.json');
  common: typeof import('./messages/en/common.json');
  device: typeof import('./messages/en/device.json');
  errors: typeof import('./messages/en/errors.json');
  format: typeof import('./messages/en/format.json');
  image: typeof import('./messages/en/image.json');
  jobs: typeof import('./messages/en/jobs.json');
  language: typeof import('./messages/en/language.json');
  library: typeof import('./messages/en/library.json');
  model: typeof import('./messages/en/model.json');
  rollouts: typeof import('./messages/en/rollouts.json');
  shell: typeof import('./messages/en/shell.json');
}
