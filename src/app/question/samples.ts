/** The sample gallery: images that ship with the app, each with a question (public/samples/samples.json). */
import { RoundsError } from '../../shared/errors';

export interface Sample {
  file: string;
  /** A small picture of it; the file itself may be a DICOM, which no browser shows. */
  thumbnail: string;
  title: string;
  source: string;
  licence: string;
  /** False for kinds of images that the embedded model was not trained on. */
  trained: boolean;
  question: string;
  options: string[];
  /** Index of the right option, or null where there is none to check against. */
  key: number | null;
}

const FOLDER = 'samples/';

export function sampleUrl(file: string): string {
  return new URL(FOLDER + file, document.baseURI).href;
}

export async function fetchSamples(): Promise<Sample[]> {
  const response = await fetchOk(sampleUrl('samples.json'));
  return (await response.json()) as Sample[];
}

export async function fetchSample(sample: Sample): Promise<Blob> {
  return (await fetchOk(sampleUrl(sample.file))).blob();
}

async function fetchOk(url: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw RoundsError.from(cause, 'download_failed');
  }
  if (!response.ok) throw new RoundsError('download_failed', `${url} answered ${response.status}.`);
  return response;
}
