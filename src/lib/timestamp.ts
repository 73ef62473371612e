/** `2026-11-22 14:41` of a time in ISO 8601, which is UTC. */
export function isoMinute(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}
