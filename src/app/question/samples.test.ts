import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Sample } from './samples';

const FOLDER = 'public/samples/';
const samples = JSON.parse(readFileSync(`${FOLDER}samples.json`, 'utf8')) as Sample[];
const readme = readFileSync(`${FOLDER}README.md`, 'utf8');

it('has a DICOM among them', () => {
  expect(samples.some(({ file }) => file.endsWith('.dcm'))).toBe(true);
});

describe.each(samples)('$file', (sample) => {
  it('is there, small, with a thumbnail', () => {
    expect(statSync(FOLDER + sample.file).size).toBeLessThanOrEqual(300_000);
    expect(statSync(FOLDER + sample.thumbnail).size).toBeLessThanOrEqual(20_000);
  });

  it('has a source and a licence, here and in the README', () => {
    expect(sample.source).not.toBe('');
    expect(sample.licence).not.toBe('');
    expect(readme).toContain(`| \`${sample.file}\` |`);
  });

  it('has a question that can be asked and checked', () => {
    expect(sample.question).toMatch(/\?$/);
    expect(sample.options.length).toBeGreaterThanOrEqual(2);
    expect(new Set(sample.options).size).toBe(sample.options.length);
    expect(sample.options[sample.key ?? -1]).toBeDefined();
  });
});
