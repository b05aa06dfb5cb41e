/** npm does not pass SIGTERM on, so a program started by `npm start` or `npm run` would keep running when npm ends. */

const CHECK_MS = 1000;

/**
 * Calls back once when the npm process that started this one has ended. Does nothing if npm did not start it: a
 * program may outlive its shell.
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
