/** Reports vitest's tests as events (events.mjs). A file that can't be loaded counts as one failed test. */
import { appendEvent } from './events.mjs';

export default class EventReporter {
  /** @param {import('vitest/node').TestCase} test */
  onTestCaseReady(test) {
    appendEvent({ event: 'begin', id: test.id, name: `${test.module.moduleId} › ${test.fullName}` });
  }

  /** @param {import('vitest/node').TestCase} test */
  onTestCaseResult(test) {
    const { state } = test.result();
    if (state !== 'pending') appendEvent({ event: 'end', id: test.id, status: state });
  }

  /** @param {import('vitest/node').TestModule} file */
  onTestModuleEnd(file) {
    if (file.state() === 'failed' && file.errors().length > 0) {
      appendEvent({ event: 'end', id: file.id, status: 'failed' });
    }
  }
}
