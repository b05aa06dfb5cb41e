/** Reports Playwright's tests as events (events.mjs). */
import { appendEvent } from './events.mjs';

export default class EventReporter {
  /** @param {import('@playwright/test/reporter').TestCase} test */
  onTestBegin(test) {
    appendEvent({ event: 'begin', id: test.id, name: test.titlePath().filter(Boolean).join(' › ') });
  }

  /**
   * @param {import('@playwright/test/reporter').TestCase} test
   * @param {import('@playwright/test/reporter').TestResult} result
   */
  onTestEnd(test, result) {
    const isExpected = result.status === test.expectedStatus;
    const status = result.status === 'skipped' ? 'skipped' : isExpected ? 'passed' : 'failed';
    appendEvent({ event: 'end', id: test.id, status });
  }

  printsToStdio() {
    return false;
  }
}
