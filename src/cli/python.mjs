/**
 * The checks of the Python code in models/: lint, format and types. They run where a Python with ruff and mypy is
 * installed (`python3 -m pip install ruff mypy`) and count as skipped elsewhere. Settings: pyproject.toml.
 */
import { spawnSync } from 'node:child_process';
import { PROJECT } from './install.mjs';

/**
 * @typedef {object} PythonChecks
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string} note One line per check that failed or was skipped; empty if all passed.
 */

/** @type {{ name: string, module: string, args: string[] }[]} */
const CHECKS = [
  { name: 'ruff check', module: 'ruff', args: ['check', '--quiet', '--output-format', 'concise', 'models'] },
  { name: 'ruff format', module: 'ruff', args: ['format', '--check', '--quiet', 'models'] },
  { name: 'mypy', module: 'mypy', args: [] },
];

/**
 * Runs `ruff check`, `ruff format --check` and `mypy` over models/. Their output goes to stdout.
 * @param {string | null} [python] The Python to use; null means none. By default the first one found.
 * @returns {PythonChecks}
 */
export function checkPython(python = findPython()) {
  /** @type {PythonChecks} */
  const total = { passed: 0, failed: 0, skipped: 0, note: '' };
  /** @type {string[]} */
  const notes = [];
  for (const { name, module, args } of CHECKS) {
    const missing = python === null ? 'Python is not installed' : missingModule(python, module);
    if (python === null || missing !== null) {
      total.skipped += 1;
      notes.push(`${name}: skipped, ${missing}`);
    } else if (run(python, ['-m', module, ...args], 'inherit') === 0) {
      total.passed += 1;
    } else {
      total.failed += 1;
      notes.push(`${name}: failed`);
    }
  }
  return { ...total, note: notes.join('\n') };
}

/**
 * The command of the first Python 3 found ($PYTHON, python3, python), or null.
 * @returns {string | null}
 */
function findPython() {
  const candidates = [process.env.PYTHON, 'python3', 'python'].filter((name) => name !== undefined);
  return (
    candidates.find((name) => run(name, ['-c', 'import sys; sys.exit(sys.version_info < (3,))']) === 0) ??
    null
  );
}

/**
 * Why `python -m module` does not work, or null if it does.
 * @param {string} python
 * @param {string} module
 * @returns {string | null}
 */
function missingModule(python, module) {
  return run(python, ['-m', module, '--version']) === 0 ? null : `${module} is not installed for ${python}`;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {'ignore' | 'inherit'} [output]
 * @returns {number | null} The exit status; null if the command could not be started.
 */
function run(command, args, output = 'ignore') {
  return spawnSync(command, args, { cwd: PROJECT, stdio: ['ignore', output, output] }).status;
}
