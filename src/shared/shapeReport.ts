/** What a measurement of a shape found, and the same as a Markdown table for docs/speed.md. */
import {
  DEVICE_CLASSES,
  decodeCost,
  predictMs,
  prefillCost,
  visionCost,
  type StepCost,
  type WeightBytes,
} from './costModel';
import type { DeviceReport } from './device';
import { SHAPE_CONFIGS, type ShapeName } from './shapes';

/** Why a row has no time. */
export type SkipReason = 'time' | 'memory';

export interface ShapeRow {
  kind: 'decode' | 'prefill' | 'vision';
  /** decode: answers at once; else 1. */
  lanes: number;
  /** decode: rows of the KV cache; prefill: tokens; vision: side of the image in pixels. */
  size: number;
  /** Median of the runs, with the result read back; null if it was left out. */
  ms: number | null;
  why?: SkipReason;
}

export interface ShapeReport {
  shape: ShapeName;
  device: DeviceReport;
  loadMs: number;
  tookMs: number;
  weights: WeightBytes;
  /** Bytes per second, reading and writing counted both; null if it couldn't be measured. */
  copyBandwidth: number | null;
  rows: ShapeRow[];
}

/** The cost that a row should have. */
export function costOf({ shape, device, weights }: ShapeReport, { kind, lanes, size }: ShapeRow): StepCost {
  const model = SHAPE_CONFIGS[shape];
  const valueBytes = device.activations === 'f16' ? 2 : 4;
  switch (kind) {
    case 'decode':
      return decodeCost(model, weights, { lanes, context: size, valueBytes });
    case 'prefill':
      return prefillCost(model, weights, size);
    case 'vision':
      return visionCost(model, weights, size);
  }
}

/** Bytes of a row by its time, as a share of the measured bandwidth of copies; null without either. */
export function bandwidthShare(report: ShapeReport, row: ShapeRow): number | null {
  if (row.ms === null || row.kind !== 'decode' || !report.copyBandwidth) return null;
  return costOf(report, row).bytes / (row.ms / 1000) / report.copyBandwidth;
}

/** In English: it is made for a document. */
export function shapeTable(report: ShapeReport): string {
  const { device, copyBandwidth, loadMs, tookMs, shape } = report;
  const bandwidth = copyBandwidth === null ? 'not measured' : `${(copyBandwidth / 1e9).toFixed(1)} GB/s`;
  const head = ['step', 'ms', 'tokens/s', 'TFLOP/s', 'share of copy bandwidth'];
  const columns = [...head, ...DEVICE_CLASSES.map(({ name }) => `predicted ms, ${name}`)];
  return [
    `Shape ${shape} on ${device.adapter} (${device.backend}, ${device.activations}); made and loaded in ${seconds(loadMs)}, measured in ${seconds(tookMs)}; copies: ${bandwidth}.`,
    '',
    line(columns),
    line(columns.map(() => '---')),
    ...report.rows.map((row) => line(cells(report, row))),
    '',
  ].join('\n');
}

function cells(report: ShapeReport, row: ShapeRow): string[] {
  const cost = costOf(report, row);
  const predictions = DEVICE_CLASSES.map((device) => digits(predictMs(cost, device)));
  if (row.ms === null) {
    return [
      stepName(row),
      row.why === 'memory' ? 'not enough memory' : 'no time left',
      '–',
      '–',
      '–',
      ...predictions,
    ];
  }
  const share = bandwidthShare(report, row);
  const tokens = row.kind === 'decode' ? row.lanes : row.kind === 'prefill' ? row.size : null;
  return [
    stepName(row),
    digits(row.ms),
    tokens === null ? '–' : digits((tokens * 1000) / row.ms),
    (cost.flop / 1e12 / (row.ms / 1000)).toPrecision(2),
    share === null ? '–' : `${Math.round(share * 100)} %`,
    ...predictions,
  ];
}

function stepName({ kind, lanes, size }: ShapeRow): string {
  switch (kind) {
    case 'decode':
      return `decode, M = ${lanes}, context ${size}`;
    case 'prefill':
      return `prefill, ${size} tokens`;
    case 'vision':
      return `vision, ${size} × ${size}`;
  }
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : String(Math.round(value));
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function line(values: readonly string[]): string {
  return `| ${values.join(' | ')} |`;
}
