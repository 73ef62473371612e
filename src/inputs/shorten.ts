/** A value for a sentence: at most 78 characters, with an ellipsis where it is cut. */
export function shorten(value: string): string {
  return value.length > 80 ? `${value.slice(0, 77)}…` : value;
}
