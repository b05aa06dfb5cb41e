/** The sample gallery: images published with the page, each with a question (public/samples/samples.json). */
import { RoundsError } from '../../shared/errors';

export interface Sample {
  file: string;
  /** A small picture; the file itself may be a DICOM, which browsers can't show. */
  thumbnail: string;
  title: string;
  source: string;
  licence: string;
  /** False for kinds of images that the embedded model was not trained on. */
  trained: boolean;
  question: string;
  options: string[];
  /** Index of the right option; null if there is none. */
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
  if (!response.ok)
    throw new RoundsError('download_failed', `The server answered ${response.status} for ${url}.`);
  return response;
}
