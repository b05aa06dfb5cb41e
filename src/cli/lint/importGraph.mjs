/** Which source file imports which, and the cycles among them. Type-only imports count: they tie files as well. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

const SOURCE = /\.(ts|mjs|js|svelte)$/;
const ROOTS = ['src', 'e2e', 'models'];
/** What an import may leave out of a file's name. */
const ENDINGS = ['', '.ts', '.svelte.ts', '.mjs', '/index.ts'];
const SPECIFIER =
  /(?:\bfrom|\bimport)\s*\(?\s*(?:\/\*[^*]*\*\/\s*)?(['"])(\.{1,2}\/[^'"\n]+)\1|\bnew URL\(\s*(['"])(\.{1,2}\/[^'"\n]+)\3\s*,\s*import\.meta\.url/g;

/**
 * @param {string} project Absolute path of the root.
 * @param {string} file From the root.
 * @param {string} specifier Relative to the file.
 * @returns {string | null} The imported source file, from the root; null for anything else.
 */
export function resolveImport(project, file, specifier) {
  const target = posix.join(posix.dirname(file), specifier.replace(/\?.*$/, ''));
  for (const path of ENDINGS.map((ending) => target + ending)) {
    const absolute = join(project, path);
    if (SOURCE.test(path) && existsSync(absolute) && statSync(absolute).isFile()) return path;
  }
  return null;
}

/**
 * @param {string} project
 * @returns {string[]} Every source file, from the root.
 */
function sourceFiles(project) {
  return ROOTS.filter((root) => existsSync(join(project, root))).flatMap((root) =>
    readdirSync(join(project, root), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && SOURCE.test(entry.name))
      .map((entry) => relative(project, join(entry.parentPath, entry.name)).split(sep).join('/'))
      // Packages of models/peers.
      .filter((path) => !path.includes('node_modules/')),
  );
}

/**
 * @param {string} project
 * @returns {Map<string, string[]>} Imports of every source file.
 */
export function importGraph(project) {
  return new Map(
    sourceFiles(project).map((file) => {
      const source = readFileSync(join(project, file), 'utf8');
      const targets = [...source.matchAll(SPECIFIER)]
        .map((match) => resolveImport(project, file, match[2] ?? match[4] ?? ''))
        .filter((target) => target !== null);
      return [file, [...new Set(targets)]];
    }),
  );
}

/**
 * Tarjan's algorithm, https://doi.org/10.1137/0201010.
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @returns {Map<string, number>} For each file that lies on a cycle the number of its strongly connected component.
 */
export function cycles(graph) {
  /** @type {Map<string, { index: number, low: number, onStack: boolean }>} */
  const seen = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {Map<string, number>} */
  const components = new Map();
  let count = 0;

  /** @param {string} file */
  const visit = (file) => {
    const node = { index: seen.size, low: seen.size, onStack: true };
    seen.set(file, node);
    stack.push(file);
    for (const target of graph.get(file) ?? []) {
      const known = seen.get(target);
      if (!known) node.low = Math.min(node.low, visit(target).low);
      else if (known.onStack) node.low = Math.min(node.low, known.index);
    }
    if (node.low === node.index) close(file, graph.get(file)?.includes(file) ?? false);
    return node;
  };

  /** @param {string} file @param {boolean} importsItself */
  const close = (file, importsItself) => {
    const members = stack.splice(stack.indexOf(file));
    for (const member of members) {
      const node = seen.get(member);
      if (node) node.onStack = false;
      if (members.length > 1 || importsItself) components.set(member, count);
    }
    count += 1;
  };

  for (const file of graph.keys()) if (!seen.has(file)) visit(file);
  return components;
}
