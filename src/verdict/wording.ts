/** `12.3%`, `0.07%`: a share (0..1) for a sentence, with up to `places` decimals, none of them a trailing zero. */
export function percent(share: number, places = 1): string {
  return `${decimals(100 * share, places)}%`;
}

/** A number with up to `places` decimals, none of them a trailing zero. */
export function decimals(value: number, places: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '−∞' : 'n/a';
  const text = Number(value.toFixed(places)).toString();
  return text.startsWith('-') ? `−${text.slice(1)}` : text;
}
