/** The embedded model's card: card.json next to its pack, written by its training. */

export interface ModelCardFigure {
  what: string;
  /** Formatted for display: "96.2 %". */
  value: string;
  /** Number of cases it was measured on. */
  count?: number;
}

export interface ModelCard {
  name: string;
  summary: string;
  knows: string[];
  cannot: string[];
  figures: ModelCardFigure[];
  licence: string;
  sources: { name: string; licence: string }[];
}

/** Null if there is no card or it can't be read. */
export async function fetchModelCard(packUrl: string): Promise<ModelCard | null> {
  try {
    const response = await fetch(new URL(`${packUrl}/card.json`, document.baseURI));
    return response.ok ? parseModelCard(await response.json()) : null;
  } catch {
    return null;
  }
}

export function parseModelCard(value: unknown): ModelCard | null {
  if (!isRecord(value)) return null;
  return {
    name: text(value['name']),
    summary: text(value['summary']),
    knows: texts(value['knows']),
    cannot: texts(value['cannot']),
    figures: list(value['figures']).flatMap((figure) => {
      const { what, value: shown, count } = figure;
      if (typeof what !== 'string' || typeof shown !== 'string') return [];
      return [{ what, value: shown, ...(typeof count === 'number' ? { count } : {}) }];
    }),
    licence: text(value['licence']),
    sources: list(value['sources']).map((source) => ({
      name: text(source['name']),
      licence: text(source['licence']),
    })),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
