/**
 * ESLint rule `rounds/imports`: closes the directions that layers.mjs does not allow, and cycles of files. It sees
 * static and dynamic imports, re-exports, `import('…')` types, and workers named by `new URL('…', import.meta.url)`.
 */
import { relative, sep } from 'node:path';
import { PROJECT } from '../install.mjs';
import { cycles, importGraph, resolveImport } from './importGraph.mjs';
import { layerOf, LAYERS } from './layers.mjs';

/**
 * @typedef {import('./layers.mjs').Layer} Layer
 * @typedef {import('eslint').Rule.RuleContext} Context
 * @typedef {import('estree').Node} Node
 */

const NODE_BUILTIN = /^node:/;
/** Layers that run in Node. */
const IN_NODE = new Set(['tests', 'command line', 'fuzz/text', 'models', 'configuration']);

/** @type {Map<string, Map<string, number>>} By project: read once for each run of ESLint. */
const cyclesOf = new Map();

/** @param {string} project */
function cyclesIn(project) {
  const known = cyclesOf.get(project) ?? cycles(importGraph(project));
  cyclesOf.set(project, known);
  return known;
}

/**
 * @param {Layer} from
 * @param {string} name A package, or a part of one.
 * @returns {string | null} What is wrong.
 */
function packageFault(from, name) {
  if (NODE_BUILTIN.test(name)) return IN_NODE.has(from.name) ? null : `${name} exists in Node only.`;
  return from.packages.test(name) ? null : `${from.name} must not import ${name}. ${from.why}`;
}

/**
 * @param {Layer} from
 * @param {string} target From the root.
 * @param {boolean} isWorker Named by an address, to be started as a worker.
 * @returns {string | null} What is wrong.
 */
function layerFault(from, target, isWorker = false) {
  const to = layerOf(target);
  if (!to || to.name === from.name || from.may.includes('*') || from.may.includes(to.name)) return null;
  if (isWorker && from.starts?.includes(to.name)) return null;
  if (to.name === 'tests') return `${target} is for tests; shipped code must not import it.`;
  return `${from.name} must not import ${to.name} (${target}). ${from.why}`;
}

/** @param {Node} node @returns {string | null} The text of a literal. */
function literalText(node) {
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : null;
}

/** @param {Node} node @returns {boolean} */
function isModuleAddress(node) {
  return (
    node.type === 'MemberExpression' &&
    node.object.type === 'MetaProperty' &&
    node.property.type === 'Identifier' &&
    node.property.name === 'url'
  );
}

/**
 * @param {string} file From the root.
 * @param {string} specifier
 * @param {{ project: string, isWorker?: boolean }} options
 * @returns {string | null} What is wrong with this import.
 */
export function importFault(file, specifier, { project, isWorker = false }) {
  const from = layerOf(file);
  if (!from) return null;
  if (!specifier.startsWith('.')) return isWorker ? null : packageFault(from, specifier);
  const target = resolveImport(project, file, specifier);
  if (target === null) return null;
  const fault = layerFault(from, target, isWorker);
  if (fault) return fault;
  const components = cyclesIn(project);
  const component = components.get(file);
  return component !== undefined && component === components.get(target)
    ? `${file} and ${target} import each other, directly or through others. Move what both need into a file of its own.`
    : null;
}

/** @type {import('eslint').Rule.RuleModule} */
export const importsRule = {
  meta: {
    type: 'problem',
    schema: [],
    docs: { description: 'Directions of imports between layers; no cycles.' },
  },
  create(context) {
    const file = relative(PROJECT, context.filename).split(sep).join('/');
    /** @param {Node | null | undefined} node @param {boolean} [isWorker] */
    const check = (node, isWorker = false) => {
      const specifier = node ? literalText(node) : null;
      if (!node || specifier === null) return;
      const message = importFault(file, specifier, { project: PROJECT, isWorker });
      if (message) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      /** @param {{ source?: Node, argument?: { literal?: Node } }} node */
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
      NewExpression: (node) => {
        const [address, base] = node.arguments;
        if (node.callee.type !== 'Identifier' || node.callee.name !== 'URL') return;
        if (address && base && base.type !== 'SpreadElement' && isModuleAddress(base))
          check(/** @type {Node} */ (address), true);
      },
    };
  },
};

/** The names that `may` and `starts` use; a test compares them with LAYERS. */
export const LAYER_NAMES = LAYERS.map(({ name }) => name);
