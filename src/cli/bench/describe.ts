/** The report of `bench` as a table. */
import { formatBytes } from '../../convert/describe';
import { deviceName } from '../deviceName';
import type { GpuCalls } from './instruments';
import type { BenchReport } from './measure';

export function describeReport({ load, image, ttft, decode, rollouts, device }: BenchReport): string {
  const reason = (why: string | undefined): string => (why ? `  (${why})` : '');
  const bytes = (value: number | null): string => (value === null ? '–' : formatBytes(value));
  return [
    `device       ${device.backend}, ${deviceName(device)}, ${device.activations}`,
    `load         ${milliseconds(load.ms)}, JavaScript ${bytes(load.peakJsHeapBytes)}, GPU ${bytes(load.gpuBytes)}${reason(load.why)}`,
    `image        ${milliseconds(image.ms)} for ${image.tokens} tokens`,
    `first token  ${milliseconds(ttft.coldMs)} cold, ${milliseconds(ttft.preparedMs)} prepared, ${milliseconds(ttft.warmMs)} warm, ${milliseconds(ttft.followUpMs)} in a follow-up`,
    ...decode.map(
      ({ contextTokens, tokensPerSecond, callsPerToken, why }) =>
        `decode       ${rate(tokensPerSecond)} after ${contextTokens} tokens${calls(callsPerToken)}${reason(why)}`,
    ),
    ...rollouts.map(
      ({ count, tokensPerSecond }) => `rollouts     ${rate(tokensPerSecond)} in total with ${count}`,
    ),
    '',
  ].join('\n');
}

/** WebGPU calls of one token. */
function calls(counts: GpuCalls | undefined): string {
  if (!counts) return '';
  const { dispatches, passes, submits, maps, buffers, bindGroups, writes } = counts;
  return `; per token: ${dispatches} dispatches in ${passes} passes, ${submits} submits, ${maps} maps, ${buffers} new buffers, ${bindGroups} bind groups, ${writes} writes`;
}

function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`;
}

function rate(tokensPerSecond: number | null): string {
  return tokensPerSecond === null ? '–' : `${tokensPerSecond.toFixed(1)} tokens/s`;
}
