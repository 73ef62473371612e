/** One sample of the Prometheus text format. */
export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/**
 * Parses the Prometheus text exposition format (0.0.4) as vLLM and the endpoint picker write it: comments skipped,
 * label values unescaped. Lines that do not parse are skipped, since one odd line must not hide the others.
 */
export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+\d+)?\s*$/.exec(line);
    if (!match) continue;
    const [, name, labelText, valueText] = match;
    const value = numberOf(valueText as string);
    if (Number.isNaN(value) && valueText !== 'NaN') continue;
    samples.push({ name: name as string, labels: labelsOf(labelText ?? ''), value });
  }
  return samples;
}

/** Sum over all samples with one of the names, or null when there is none, or no finite one. */
export function sumOf(samples: readonly Sample[], ...names: string[]): number | null {
  const matching = samples.filter(({ name }) => names.includes(name));
  const sum = matching.reduce((total, { value }) => total + value, 0);
  return matching.length === 0 || !Number.isFinite(sum) ? null : sum;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name as string] = (value as string).replace(/\\(n|\\|")/g, (_, escaped: string) =>
      escaped === 'n' ? '\n' : escaped,
    );
  }
  return labels;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
}
