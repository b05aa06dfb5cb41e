/** npm does not pass SIGTERM on: whoever ends `npm start` or `npm run …` would leave the program behind. */

const CHECK_MS = 1000;

/**
 * Calls back once when the npm that started this process has ended. Does nothing without npm, where a program
 * may well outlive the shell it was started from.
 * @param {() => void} callback
 */
export function onNpmGone(callback) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, CHECK_MS);
  timer.unref();
}
