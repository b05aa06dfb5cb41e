import { describe, expect, it } from 'vitest';
import { DEFAULT_HUB, DEFAULT_CONVERSION, parseAddress, parseHub } from './modelAddress';

const parse = (text: string, hub = DEFAULT_HUB) => parseAddress(text, hub, DEFAULT_CONVERSION);

describe('parseAddress', () => {
  it.each([
    ['UCSC-VLAA/MedVLThinker-3B-RL_m23k', 'UCSC-VLAA/MedVLThinker-3B-RL_m23k', 'main'],
    [' org/name@v1.0 ', 'org/name', 'v1.0'],
    ['https://huggingface.co/Qwen/Qwen2-VL-2B-Instruct', 'Qwen/Qwen2-VL-2B-Instruct', 'main'],
    ['https://huggingface.co/org/name/tree/refs/pr/3', 'org/name', 'refs/pr/3'],
  ])('reads %s as a repository', (text, repo, revision) => {
    expect(parse(text)).toEqual({
      kind: 'hub',
      repo,
      revision,
      endpoint: DEFAULT_HUB,
      ...DEFAULT_CONVERSION,
    });
  });

  it.each([
    ['org/name/CT@v1', 'v1', 'CT'],
    ['https://huggingface.co/org/name/tree/main/a%20b/CT', 'main', 'a b/CT'],
    ['https://huggingface.co/org/name/blob/main/CT/config.json?download=true', 'main', 'CT'],
  ])('reads %s as a folder of a repository', (text, revision, folder) => {
    const origin = { kind: 'hub', repo: 'org/name', revision, folder, endpoint: DEFAULT_HUB };
    expect(parse(text)).toEqual({ ...origin, ...DEFAULT_CONVERSION });
    // A mirror has the same models.
    expect(parse(text, 'https://mirror.example/hf')).toMatchObject({
      folder,
      endpoint: 'https://mirror.example/hf',
    });
  });

  it('knows the pages of a hub that is not at the top of its host', () => {
    expect(
      parse('https://mirror.example/hf/org/name/tree/main/CT', 'https://mirror.example/hf'),
    ).toMatchObject({
      repo: 'org/name',
      folder: 'CT',
    });
  });

  it.each([
    ['https://packs.example/medvl/', 'https://packs.example/medvl'],
    ['https://packs.example/medvl/pack.json?x=1#y', 'https://packs.example/medvl'],
    ['http://localhost:8080/pack', 'http://localhost:8080/pack'],
    ['https://packs.example/', 'https://packs.example'],
    // A page of that form on another host is a folder like any other.
    ['https://mirror.example/org/name', 'https://mirror.example/org/name'],
  ])('reads %s as a pack', (text, url) => {
    expect(parse(text)).toEqual({ kind: 'pack', url });
  });

  it('knows the pages of a mirror, and asks the mirror', () => {
    expect(parse('https://mirror.example/org/name', 'https://mirror.example')).toMatchObject({
      kind: 'hub',
      endpoint: 'https://mirror.example',
    });
  });

  it.each([
    ['', 'org/model'],
    ['name', 'org/model'],
    ['../x/y', 'org/model'],
    ['http://packs.example/a', 'https://'],
    ['file:///etc/passwd', 'https://'],
    ['javascript:alert(1)', 'https://'],
    ['https://me:secret@packs.example/a', 'password from the address'],
  ])('says what is wrong with %j', (text, part) => {
    expect(parse(text)).toContain(part);
  });
});

describe('parseHub', () => {
  it('takes an address in one form, and nothing as the default', () => {
    expect(parseHub('')).toEqual({ hub: DEFAULT_HUB });
    expect(parseHub(' https://mirror.example/hf/ ')).toEqual({ hub: 'https://mirror.example/hf' });
    expect(parseHub('http://127.0.0.1:9000')).toEqual({ hub: 'http://127.0.0.1:9000' });
    expect(parseHub('mirror.example')).toContain('https://');
    expect(parseHub('http://mirror.example')).toContain('https://');
  });
});
