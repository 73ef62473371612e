/** `2.68× (2.60–2.76)`, or a dash. */
export function speedupText(speedup) {
  if (!speedup) return '–';
  const [value, low, high] = speedup;
  return `${value.toFixed(2)}× (${low.toFixed(2)}–${high.toFixed(2)})`;
}
