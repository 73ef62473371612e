import { link } from '../escape.ts';
import { count } from '../format.ts';
import { details } from './markdown.ts';
import type { Section } from './sections/section.ts';

/**
 * Whole sections go when the text is too long, in this order; text is never cut, so fences and folds stay balanced.
 * What explains the verdict goes last.
 */
const DROP_ORDER = [
  'environment',
  'pods',
  'pairs',
  'timeline',
  'runbook figures',
  'measures',
  'preflight',
  'checks',
  'quality',
  'change',
  'limits',
  'evidence',
];

export interface Parts {
  /** Always kept, in order: marker, heading, sentence. */
  head: string[];
  /** Kept as long as anything can be: box, table, nights, links. From the end they go last-resort. */
  core: (string | null)[];
  sections: Section[];
  /** Always kept: footer and data line. */
  tail: string[];
}

/** Joins the parts within a budget of UTF-8 bytes and names the sections that were left out, with their place. */
export function assemble(parts: Parts, budgetBytes: number, fullText: string | null): string {
  const dropped: string[] = [];
  const order = DROP_ORDER.filter((name) => parts.sections.some((section) => section.name === name));
  let text = join(parts, dropped, fullText);
  for (const name of order) {
    if (Buffer.byteLength(text) <= budgetBytes) return text;
    dropped.push(name);
    text = join(parts, dropped, fullText);
  }
  if (Buffer.byteLength(text) <= budgetBytes) return text;
  return join({ ...parts, core: [] }, [...dropped, 'everything but the verdict'], fullText);
}

function join(parts: Parts, dropped: string[], fullText: string | null): string {
  const kept = parts.sections.filter((section) => !dropped.includes(section.name));
  const blocks = [
    ...parts.head,
    ...parts.core,
    ...kept.map((section) => details(section.summary, section.body, section.open)),
    dropped.length > 0 ? droppedNote(dropped, fullText) : null,
    ...parts.tail,
  ].filter((block) => block !== null && block !== '');
  return blocks.join('\n\n');
}

function droppedNote(dropped: string[], fullText: string | null): string {
  const where = link('job summary', fullText);
  return `<sub>Left out for length (${count(dropped.length, 'section')}): ${dropped.join(', ')}. They are in the ${where}.</sub>`;
}
