/**
 * Model and device as plain text for a bug report. Always in English; contains nothing about images or questions.
 */
import type { MemoryUse } from '../../shared/generation';
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
    ['device', device.adapter + (device.software ? ' (software)' : '')],
    ['features', device.features.join(' ')],
    ['chosen because', device.reason || 'requested, or the best available'],
    [
      'self-test',
      `${device.selfTest.status}, ${Math.round(device.selfTest.milliseconds)} ms: ${device.selfTest.detail}`,
    ],
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
