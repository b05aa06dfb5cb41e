/** The report of `bench:peer` as Markdown tables. */
import { deviceName } from '../deviceName';
import type { Cost, EngineFigures } from './measure';
import type { Comparison } from './run';

const HEAD = [
  'engine',
  'equal ids',
  'first token, CPU ms',
  'wall ms',
  '× Rounds',
  'a token, CPU ms',
  'wall ms',
  '× Rounds',
  'wasm memory',
];

export function describeComparison(comparison: Comparison): string {
  const { backend, kind, promptTokens, tokens, rounds, device, engines } = comparison;
  const lines = engines.map(row);
  const why = engines.flatMap(({ engine, why: reason }) => (reason ? [`${engine}: ${reason}`] : []));
  return [
    `${backend === 'wasm' ? 'WebAssembly' : 'WebGPU'} (${deviceName(device)}${device.threads ? `, ${device.threads} threads` : ''}), ` +
      `${kind === 'image' ? 'a question about an image' : 'text'}: ${promptTokens} prompt tokens, ${tokens} decoded, medians of ${rounds} rounds`,
    '',
    tableRow(HEAD),
    tableRow(HEAD.map(() => '---')),
    ...lines,
    ...(why.length > 0 ? ['', ...why] : []),
    '',
  ].join('\n');
}

function row({ engine, agreement, firstToken, decode, ratio, heapBytes }: EngineFigures): string {
  const { equal, of, ok, margin } = agreement;
  return tableRow([
    engine,
    `${equal} of ${of}${ok && margin !== null ? ', then a tie' : ''}`,
    ...costs(firstToken, ratio?.firstToken),
    ...costs(decode, ratio?.decode),
    heapBytes === null ? '–' : `${Math.round(heapBytes / 1e6)} MB`,
  ]);
}

/** Ratios are those of CPU time. */
function costs(cost: Cost | null, ratio: Cost | undefined): string[] {
  if (!cost) return ['–', '–', '–'];
  return [digits(cost.cpuMs), digits(cost.wallMs), ratio ? ratio.cpuMs.toFixed(2) : '–'];
}

function digits(value: number): string {
  return value < 100 ? value.toFixed(1) : String(Math.round(value));
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
