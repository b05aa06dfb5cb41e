/**
 * Model and device as plain text for a bug report. Always in English; contains nothing about images or questions.
 */
import type { MemoryUse } from '../../shared/generation';
import type { DeviceReason, DeviceReport, SelfTestReport } from '../../shared/device';
import type { ModelInfo } from '../../shared/protocol';
import type { Environment, HeapReport } from '../browser/environment';

/** How fast one answer was. */
export interface ReportedSpeed {
  tokensPerSecond: number;
  /** Null for rollouts. */
  firstTokenMs: number | null;
}

export interface ReportParts {
  info: ModelInfo;
  memory: MemoryUse;
  /** Oldest first. */
  speeds: readonly ReportedSpeed[];
  environment: Environment;
  heap: HeapReport | null;
  userAgent: string;
}

/** Lines of `name: value`, with exact bytes and milliseconds. */
export function deviceReport({ info, memory, speeds, environment, heap, userAgent }: ReportParts): string {
  const { device, source } = info;
  const last = speeds.at(-1);
  const rows: [string, string | number][] = [
    ['model', info.name],
    ['pack', info.packHash],
    ['parameters', info.parameters],
    ['pack bytes', info.packBytes],
    ['weights', info.weights],
    ['source', [source.repo, source.revision].filter(Boolean).join(' @ ')],
    ['backend', device.backend],
    ['activations', device.activations],
    ['device', adapterOf(device) + (device.software ? ' (software)' : '')],
    ['features', device.features.join(' ')],
    ['chosen because', device.reasons.map(reasonOf).join('; ') || 'requested, or the best available'],
    ['self-test', selfTestOf(device.selfTest)],
    [
      'loaded',
      `in ${Math.round(info.loadMs)} ms, ${info.fromCache ? 'from the browser' : 'over the network'}`,
    ],
    ['memory, weights', memory.weightBytes],
    ['memory, KV cache', `${memory.kvCacheBytes} (${memory.kvTokens} tokens of ${memory.kvBytesPerToken})`],
    ['memory, activations (estimate)', memory.activationBytes],
    [
      'JavaScript heap',
      heap ? `${heap.bytes}${heap.whole ? ' with workers' : ' of the page'}` : 'not available',
    ],
    ['cross-origin isolated', String(environment.isolated)],
    ['WebGPU offered', String(environment.hasWebGpu)],
    ['cores', environment.cores],
    ['browser', userAgent],
    ['first token', last?.firstTokenMs ? `${Math.round(last.firstTokenMs)} ms` : 'no answer yet'],
    [
      'tokens/s',
      speeds.map(({ tokensPerSecond }) => tokensPerSecond.toFixed(1)).join(', ') || 'no answer yet',
    ],
  ];
  return rows.map(([name, value]) => `${name}: ${value}`).join('\n');
}

function adapterOf({ adapter, threads }: DeviceReport): string {
  return threads === undefined ? adapter : `${adapter}, threads ${threads}`;
}

function reasonOf(reason: DeviceReason): string {
  if (!('params' in reason)) return reason.code;
  const { backend, activations, subgroups } = reason.params.mode;
  const mode = `${backend} ${activations}${subgroups ? '' : ' without subgroups'}`;
  const cause =
    reason.code === 'mode_failed'
      ? `${reason.params.error.code}: ${reason.params.error.message}`
      : figuresOf(reason.params.detail);
  return `${reason.code} ${mode} (${cause})`;
}

function selfTestOf({ status, milliseconds, detail, date }: SelfTestReport): string {
  const parts = [status, `${Math.round(milliseconds)} ms`, detail && figuresOf(detail), date];
  return parts.filter(Boolean).join(', ');
}

/** `reproduced worst=0.00003 limit=0.005` */
function figuresOf({ code, params }: NonNullable<SelfTestReport['detail']>): string {
  return [code, ...Object.entries(params).map(([name, value]) => `${name}=${String(value)}`)].join(' ');
}
