/** What the page shows. It is kept in the fragment of its address, so that a link, a reload and "back" restore it. */
export interface View {
  /** Empty for the first. */
  series: string;
  /** A number of newest runs, `all`, or `from..to` with both ends in ISO 8601 to the minute. */
  range: string;
  /** Id of the only chart, or `all`. */
  metric: string;
  /** The only verdict of the table; empty for any. */
  verdict: string;
  /** Key of the selected run, or the id of its workflow run; empty for none. */
  run: string;
  /** Keys of the two runs that are compared; empty for the newest two. */
  from: string;
  to: string;
}

export const DEFAULT_VIEW: View = { series: '', range: '90', metric: 'all', verdict: '', run: '', from: '', to: '' };

const NAMES = Object.keys(DEFAULT_VIEW) as (keyof View)[];

/** The view of a fragment, with or without its `#`. Null for the anchor of a heading, which changes nothing. */
export function parseView(fragment: string): View | null {
  const text = fragment.replace(/^#/, '');
  if (text === '') return { ...DEFAULT_VIEW };
  const found = new URLSearchParams(text);
  if (!NAMES.some((name) => found.has(name))) return null;
  const view = { ...DEFAULT_VIEW };
  for (const name of NAMES) view[name] = found.get(name) ?? view[name];
  return view;
}

/** The fragment of a view, without its `#`: what differs from the default. */
export function formatView(view: View): string {
  const changed = NAMES.filter((name) => view[name] !== DEFAULT_VIEW[name]);
  return new URLSearchParams(changed.map((name): [string, string] => [name, view[name]])).toString();
}

/** The first and the last index of a range, both included. What cannot be read, or is empty, is all. */
export function spanOf(range: string, times: readonly number[]): [first: number, last: number] {
  const all: [number, number] = [0, Math.max(0, times.length - 1)];
  if (/^\d{1,5}$/.test(range)) return Number(range) > 0 ? [Math.max(0, times.length - Number(range)), all[1]] : all;
  const [from, to] = range.split('..').map((end) => Date.parse(`${end}:00Z`) / 1_000);
  if (from === undefined || to === undefined || !(from <= to)) return all;
  const first = times.findIndex((time) => time >= from);
  // An end is a minute, and a run within it belongs to the range.
  const last = times.findLastIndex((time) => time < to + 60);
  return first === -1 || last < first ? all : [first, last];
}

/** The span with the selected run in it. */
export function spanWith(span: readonly [number, number], selected: number | null): [first: number, last: number] {
  return selected === null ? [...span] : [Math.min(span[0], selected), Math.max(span[1], selected)];
}

/** The range from one run to another, by their times in seconds. */
export function rangeOf(from: number, to: number): string {
  return [from, to].map((time) => new Date(time * 1_000).toISOString().slice(0, 16)).join('..');
}
