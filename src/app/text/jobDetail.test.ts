import { afterEach, describe, expect, it } from 'vitest';
import type { WaitReason } from '../../shared/waitReason';
import { language } from '../i18n/i18n.svelte';
import { jobDetailText } from './jobDetail';

const waiting = (reason: WaitReason, milliseconds: number | null): string =>
  jobDetailText({ code: 'waiting', params: { reason, milliseconds } });

afterEach(() => language.use('en'));

describe('jobDetailText', () => {
  it('names the tensor, the part and the file', () => {
    expect(jobDetailText({ code: 'quantizing', params: { tensor: 'model.norm.weight' } })).toBe(
      'Quantizing model.norm.weight',
    );
    expect(jobDetailText({ code: 'fetching_part', params: { part: 3, parts: 82 } })).toBe(
      'Downloading part 3 of 82',
    );
  });

  it('says why a request waits, and until when', () => {
    expect(waiting({ code: 'server_status', params: { status: 429 } }, 1_400)).toBe(
      'The server answered 429. Trying again in 2 seconds.',
    );
    expect(waiting({ code: 'connection_failed' }, 400)).toBe('The connection failed. Trying again.');
    expect(waiting({ code: 'offline' }, null)).toBe(
      'There is no network connection. Waiting for the network.',
    );
    expect(waiting({ code: 'damaged', params: { file: 'shard-00001.bin' } }, 0)).toBe(
      'shard-00001.bin arrived damaged. Trying again.',
    );
  });

  it('says it in the language of the page', async () => {
    await language.use('zh');
    expect(waiting({ code: 'server_status', params: { status: 503 } }, 5_000)).toBe(
      '服务器返回了 503。 将在 5 秒后重试。',
    );
  });
});
