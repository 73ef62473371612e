import type { SeriesData } from '../view.ts';

/** Saves the records of a series as JSON. */
export function downloadJson({ series, records }: SeriesData): void {
  download(`${series}.json`, 'application/json', JSON.stringify(records, null, 2));
}

/** Saves the records of a series as CSV, a column for each field. */
export function downloadCsv({ series, records }: SeriesData): void {
  download(`${series}.csv`, 'text/csv', csvOf(records));
}

function download(name: string, type: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A record as one level of names, so that a table can hold it. */
function flat(value: unknown, path = ''): [string, string][] {
  if (value === null || typeof value !== 'object') return [[path, value === null ? '' : String(value)]];
  return Object.entries(value).flatMap(([name, inner]) => flat(inner, path === '' ? name : `${path}.${name}`));
}

function csvOf(records: SeriesData['records']): string {
  const rows = records.map((record) => new Map(flat(record)));
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  // A spreadsheet takes a leading sign for a formula.
  const cell = (text: string) => `"${text.replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
  return [names, ...rows.map((row) => names.map((name) => row.get(name) ?? ''))]
    .map((row) => row.map(cell).join(','))
    .join('\r\n');
}
