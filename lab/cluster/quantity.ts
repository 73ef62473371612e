const SUFFIX: Record<string, number> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity (`4`, `256m`, `500Mi`) as a number; 0 when it is absent or not a quantity. */
export function quantity(value: unknown): number {
  const match = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(String(value ?? ''));
  if (!match) return 0;
  return Number(match[1]) * (match[2] ? (SUFFIX[match[2]] ?? 0) : 1);
}
