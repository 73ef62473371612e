/**
 * The shape of a JSON value: types for what is in it, and each shape once for a list. Two servers of the same kind have
 * equal shapes.
 */
export function shapeOf(value: unknown): unknown {
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    const shapes = new Map(value.map((each) => [JSON.stringify(shapeOf(each)), shapeOf(each)]));
    return [...shapes.values()];
  }
  if (typeof value !== 'object') return typeof value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, shapeOf((value as Record<string, unknown>)[key])]),
  );
}

/** A sentence of an error without its numbers, which the tokenizer decides. */
export function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, '#');
}

export interface Family {
  type: string;
  /** Names of the labels of all its samples, sorted; without `le`. */
  labels: string[];
}

/** The families of a text in Prometheus' format, by name, with type and labels; histograms' series count as one family. */
export function familiesOf(text: string): Record<string, Family> {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type as string]));
  const families: Record<string, Family> = {};
  for (const [, name, labels = ''] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)) {
    const family = types.has(name) ? (name as string) : (name as string).replace(/_(?:bucket|count|sum)$/, '');
    const names = [...labels.matchAll(/(\w+)="/g)]
      .map(([, label]) => label as string)
      .filter((label) => label !== 'le');
    families[family] = { type: types.get(family) ?? 'untyped', labels: [...new Set(names)].sort() };
  }
  return families;
}
