/** `bench --shape`: measures a model of made-up weights, and reports it with the fields of other measurements too. */
import type { DeviceReport, MeasureParams } from '../../shared/protocol';
import { SHAPE_CONFIGS } from '../../shared/shapes';
import type { ShapeReport } from '../../shared/shapeReport';
import type { CommandContext } from '../command';
import { HarnessSession } from '../harnessSession';
import { Instruments, PRECISE_MEMORY } from './instruments';

/** The fields of BenchReport. What single steps don't show is null. */
export interface ShapeBenchReport {
  load: { ms: number; peakJsHeapBytes: number | null; gpuBytes: number | null; fromCache: false };
  image: { ms: number | null; tokens: number | null; why?: string };
  ttft: { coldMs: number | null; warmMs: null; followUpMs: null; why: string };
  decode: { contextTokens: number; tokensPerSecond: number | null; dispatchesPerToken: null; why: string }[];
  rollouts: { count: number; tokensPerSecond: number | null }[];
  device: DeviceReport;
  measured: ShapeReport;
}

const NOT_MEASURED = 'Single steps were measured, without a whole answer.';
const NOT_DONE = 'There was no time or memory left for it.';
const NOT_COUNTED = 'Dispatches are counted with --pack only.';

/** @throws RoundsError of the worker */
export async function benchShape(
  params: MeasureParams,
  { err, signal }: Pick<CommandContext, 'err' | 'signal'>,
): Promise<ShapeBenchReport> {
  const instruments = new Instruments();
  const session = await HarnessSession.open({
    signal,
    report: (message) => err(`${message}\n`),
    browserArguments: [PRECISE_MEMORY],
    onPage: (page) => instruments.attach(page),
  });
  try {
    err(`Measuring the shape ${params.shape}\n`);
    instruments.watchHeap();
    const measured = await session.measure(params);
    const peakJsHeapBytes = await instruments.stopHeap();
    const { peakGpuBytes } = await instruments.counts();
    const memory = { peakJsHeapBytes, gpuBytes: peakGpuBytes || null };
    return withBenchFields(measured, memory);
  } finally {
    await session.close();
  }
}

export function withBenchFields(
  measured: ShapeReport,
  memory: { peakJsHeapBytes: number | null; gpuBytes: number | null },
): ShapeBenchReport {
  const { rows, device, loadMs, shape } = measured;
  const { patchSize, spatialMergeSize } = SHAPE_CONFIGS[shape].vision;
  const [image] = rows.filter(({ kind }) => kind === 'vision');
  const decode = rows.filter(({ kind }) => kind === 'decode');
  const rate = (lanes: number, ms: number | null): number | null =>
    ms === null ? null : (lanes * 1000) / ms;
  const [shortest] = decode;
  return {
    load: { ms: loadMs, ...memory, fromCache: false },
    image: {
      ms: image?.ms ?? null,
      tokens: image ? Math.round(image.size / patchSize / spatialMergeSize) ** 2 : null,
    },
    ttft: { coldMs: null, warmMs: null, followUpMs: null, why: NOT_MEASURED },
    decode: decode
      .filter(({ lanes }) => lanes === 1)
      .map(({ size, ms }) => ({
        contextTokens: size,
        tokensPerSecond: rate(1, ms),
        dispatchesPerToken: null,
        why: ms === null ? `${NOT_DONE} ${NOT_COUNTED}` : NOT_COUNTED,
      })),
    rollouts: decode
      .filter(({ size }) => size === shortest?.size)
      .map(({ lanes, ms }) => ({ count: lanes, tokensPerSecond: rate(lanes, ms) })),
    device,
    measured,
  };
}
