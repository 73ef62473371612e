/** One entry, as github-action-benchmark stores it. */
export interface StoredEntry {
  name: string;
  value: number;
  unit: string;
  range?: string;
  extra?: string;
}

/**
 * What github-action-benchmark makes of the file of a `customBiggerIsBetter` tool: the rules of its `src/extract.ts` 1.22, which
 * has no package. Throws for a file that fails its workflow.
 */
export function readByBenchmarkAction(file: string): StoredEntry[] {
  const entries: unknown = JSON.parse(file);
  if (!Array.isArray(entries)) throw new TypeError('Output file must be a JSON file with an array of entries');
  if (entries.length === 0) throw new TypeError('No benchmark result was found');
  return entries.map((each: Record<string, unknown>): StoredEntry => {
    const optional = (key: 'range' | 'extra') => (each[key] === undefined ? {} : { [key]: String(each[key]) });
    const value = Number(each.value);
    if (Number.isNaN(value)) throw new TypeError('value: expected a number');
    return { name: String(each.name), value, unit: String(each.unit), ...optional('range'), ...optional('extra') };
  });
}
