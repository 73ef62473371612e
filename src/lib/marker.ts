/**
 * The first line of a comment identifies its writer. It stands at the start so that no truncation can lose it. The order of
 * writers is (run number, attempt): an older run must not overwrite a newer one's result.
 */
export interface Marker {
  id: string;
  run: string;
  attempt: number;
  number: number;
  state: 'running' | 'final';
}

export interface Order {
  number: number;
  attempt: number;
}

const LINE = /^<!-- tpu-serving-gate v1 id=(\S*) run=(\S*) attempt=(\d+) n=(\d+)( state=running)? -->\s*$/;

/** The marker line, without a line break. */
export function renderMarker(marker: Marker): string {
  const state = marker.state === 'running' ? ' state=running' : '';
  const { attempt, number } = marker;
  return `<!-- tpu-serving-gate v1 id=${pack(marker.id)} run=${pack(marker.run)} attempt=${attempt} n=${number}${state} -->`;
}

/** The marker of a comment body, or null when its first line is not a marker of the gate. */
export function parseMarker(body: string): Marker | null {
  const match = LINE.exec(body.split('\n', 1)[0] ?? '');
  if (!match) return null;
  const [, id, run, attempt, number, state] = match;
  return {
    id: unpack(id ?? ''),
    run: unpack(run ?? ''),
    attempt: Number(attempt),
    number: Number(number),
    state: state ? 'running' : 'final',
  };
}

/** Negative when `a` is older than `b`. */
export function compareOrder(a: Order, b: Order): number {
  return a.number - b.number || a.attempt - b.attempt;
}

/** Percent-encoded, so that an id holds no space and can never end the HTML comment. */
function pack(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('--', '-%2D');
}

function unpack(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
