/**
 * Cases as one file: an uncompressed ZIP with `rounds-cases.json` and the images, named by the SHA-256 of their bytes
 * (docs/cases.md). A file is validated completely before any of it is used.
 */
import { parseBoundedJson } from '../../shared/boundedJson';
import { RoundsError } from '../../shared/errors';
import { Fields } from '../../shared/fields';
import { sha256Hex } from '../../shared/sha256';
import { isZip, readZip, type ZipEntry } from '../../shared/zipReader';
import { ZipWriter } from '../../shared/zipWriter';
import { checkVersion, failCase, parseCase } from './caseBounds';
import { CASE_VERSION, type CaseImage, type CaseRecord } from './caseFormat';

export const CASE_FILE = 'rounds-cases.json';
export const CASE_FILE_ENDING = '.rounds.zip';
const FORMAT = 'rounds-cases';
const MAX_CASES = 10_000;
/** Ten thousand cases with probabilities of every token have less. */
const JSON_BUDGET = { maxBytes: 64 * 1024 * 1024, maxDepth: 32, maxValues: 20_000_000 };
/**
 * This page writes files without compression. Another program may have compressed one: texts shrink to a tenth,
 * pictures hardly. A file that unpacks to more was made to fill the memory.
 */
const MAX_GROWTH = 30;
const MAX_UNPACKED = 64 * 1024 * 1024;

/** A case and the bytes of its images, by SHA-256. */
export interface FullCase {
  record: CaseRecord;
  images: ReadonlyMap<string, Blob>;
}

/** @param exportedAt ISO time */
export async function writeCaseFile(cases: readonly FullCase[], exportedAt: string): Promise<Blob> {
  const zip = new ZipWriter();
  const records = cases.map(({ record }) => record);
  const manifest = { format: FORMAT, version: CASE_VERSION, exportedAt, cases: records };
  await zip.add(CASE_FILE, new TextEncoder().encode(JSON.stringify(manifest, null, 1)));
  const written = new Set<string>();
  for (const { record, images } of cases) {
    for (const image of record.images) {
      const blob = images.get(image.sha256);
      if (!blob || written.has(image.sha256)) continue;
      written.add(image.sha256);
      await zip.add(pathOf(image), new Uint8Array(await blob.arrayBuffer()));
    }
  }
  return zip.finish();
}

/** Whether a dropped or picked file contains cases, rather than a model or an image. */
export async function isCaseFile(file: File): Promise<boolean> {
  if (file.name.endsWith(CASE_FILE_ENDING)) return true;
  if (!file.name.endsWith('.zip') || !(await isZip(file))) return false;
  return readZip(file).then(
    (entries) => entries.has(CASE_FILE),
    () => false,
  );
}

/** @throws RoundsError case_invalid, with the reason */
export async function readCaseFile(file: Blob): Promise<FullCase[]> {
  try {
    const entries = (await isZip(file)) ? await readZip(file) : failCase('This isn’t a ZIP file.');
    const records = parseManifest(await readJson(entries));
    checkGrowth(entries, records, file.size);
    const images = new Map<string, Blob>();
    const cases: FullCase[] = [];
    for (const record of records) {
      for (const image of record.images) {
        if (!images.has(image.sha256)) images.set(image.sha256, await readImage(entries, image));
      }
      cases.push({ record, images });
    }
    return cases;
  } catch (thrown) {
    // The ZIP reader throws errors about packs.
    const { message } = RoundsError.from(thrown);
    throw new RoundsError('case_invalid', message, { cause: thrown });
  }
}

function parseManifest(json: unknown): CaseRecord[] {
  const root = new Fields(json, CASE_FILE, failCase);
  if (root.get('format') !== FORMAT) root.reject(`format must be "${FORMAT}".`);
  checkVersion(root, CASE_VERSION);
  const records = root
    .array('cases', MAX_CASES)
    .map((entry, index) => parseCase(entry, `${CASE_FILE}: cases[${index}]`));
  if (new Set(records.map(({ id }) => id)).size < records.length) root.reject('a case occurs twice.');
  return records;
}

async function readJson(entries: Map<string, ZipEntry>): Promise<unknown> {
  const entry = entries.get(CASE_FILE) ?? failCase(`The file has no ${CASE_FILE}.`);
  if (entry.size > JSON_BUDGET.maxBytes) {
    failCase(
      `${CASE_FILE} has ${entry.size} bytes; at most ${JSON_BUDGET.maxBytes} are read. Export fewer cases at once.`,
    );
  }
  return parseBoundedJson(await entry.bytes(), CASE_FILE, JSON_BUDGET, failCase);
}

/** Before anything is unpacked. */
function checkGrowth(
  entries: ReadonlyMap<string, ZipEntry>,
  records: readonly CaseRecord[],
  fileBytes: number,
): void {
  const paths = new Set(records.flatMap(({ images }) => images.map(pathOf)));
  const unpacked = [...paths].reduce((sum, path) => sum + (entries.get(path)?.size ?? 0), 0);
  if (unpacked > MAX_UNPACKED + MAX_GROWTH * fileBytes) {
    failCase(
      `The images would unpack to ${unpacked} bytes, far more than the file has. Export the cases again.`,
    );
  }
}

async function readImage(entries: Map<string, ZipEntry>, image: CaseImage): Promise<Blob> {
  const entry = entries.get(pathOf(image)) ?? failCase(`The file has no ${pathOf(image)}.`);
  const bytes = await entry.bytes();
  if (bytes.length !== image.bytes || (await sha256Hex(bytes)) !== image.sha256) {
    failCase(`${pathOf(image)} has other bytes than its name says.`);
  }
  return new Blob([bytes], { type: image.type });
}

/** The extension is for people who unpack the file. */
function pathOf({ sha256, type }: CaseImage): string {
  const ending = /^image\/(png|jpeg|webp|gif|bmp|avif|tiff)$/.exec(type)?.[1] ?? 'bin';
  return `images/${sha256}.${ending}`;
}
