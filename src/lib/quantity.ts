/** A quantity of Kubernetes in billionths, the finest step that the API keeps. */
export type Nanos = bigint;

const NANO = 1_000_000_000n;

/** Powers of the suffixes (k8s.io/apimachinery pkg/api/resource/suffix.go). */
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

/** Reads `500m`, `16Gi`, `4` or `1e3`; what is finer than a billionth is rounded up, as the API does. Null for anything else. */
export function quantity(given: unknown): Nanos | null {
  const text = typeof given === 'number' ? String(given) : given;
  if (typeof text !== 'string') return null;
  const [, sign, whole = '', fraction = '', suffix = ''] =
    /^([+-]?)(\d{0,30})(?:\.(\d{0,30}))?([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,2})?$/.exec(text.trim()) ?? [];
  if (sign === undefined || whole + fraction === '') return null;
  const digits = BigInt(whole + fraction) * NANO;
  const binary = BINARY[suffix];
  const power = (DECIMAL[suffix] ?? (binary === undefined ? Number(suffix.slice(1)) : 0)) - fraction.length;
  const scaled = binary === undefined ? digits : digits << BigInt(binary);
  const value = power >= 0 ? scaled * 10n ** BigInt(power) : dividedUp(scaled, 10n ** BigInt(-power));
  return sign === '-' ? -value : value;
}

/** A quantity as people write it: `12`, `500m`, `20Gi`. */
export function quantityText(value: Nanos): string {
  if (value % NANO !== 0n) {
    return value % 1_000_000n === 0n ? `${value / 1_000_000n}m` : `${Number(value) / Number(NANO)}`;
  }
  const whole = value / NANO;
  // A number of pods or chips is not a number of Ki.
  const units = Object.entries(BINARY).filter(([, bits]) => bits >= 20);
  const unit = units.findLast(([, bits]) => whole !== 0n && whole % (1n << BigInt(bits)) === 0n);
  return unit ? `${whole >> BigInt(unit[1])}${unit[0]}` : String(whole);
}

function dividedUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}
