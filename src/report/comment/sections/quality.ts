import { code, prose } from '../../escape.ts';
import { count, percent } from '../../format.ts';
import type { QualityExample, QualityFigures, Report } from '../../model.ts';
import { answered, qualityOf, qualitySentence, qualityText } from '../../quality.ts';
import { bullets, paragraphs, table } from '../markdown.ts';
import type { Section } from './section.ts';

/** The answers of both stacks to the same tasks; null where they were not asked for. */
export function quality(report: Report): Section | null {
  const found = qualityOf(report);
  if (!found) return null;
  const text = qualityText(found);
  const { figures } = found;
  return {
    name: 'quality',
    summary: `Quality of the answers: ${text ? `${text.base} → ${text.head} right, ${text.identical} identical` : 'not measured'}`,
    body: paragraphs([
      prose(qualitySentence(found), 500),
      ...(figures ? [kindsTable(figures), bullets(howMeasured(found.tasks, figures)), ...examples(figures)] : []),
    ]),
    open: found.verdict === 'dropped',
  };
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['arithmetic', 'Word problems'],
  ['text', 'Texts and lists'],
  ['json', 'JSON of a schema'],
  ['own', 'Own tasks'],
]);

function kindsTable({ kinds }: QualityFigures): string {
  const rows = kinds.map(({ kind, tasks, headRight, baseRight }) => [
    KINDS.get(kind) ?? prose(kind, 40),
    ...[tasks, baseRight, headRight].map(String),
  ]);
  return table(['Tasks', 'Both answered', 'Base right', 'Under test right'], ['left', 'right', 'right', 'right'], rows);
}

function howMeasured(tasks: string, { api, pairs, difference, unanswered, identicalShare }: QualityFigures): string[] {
  const { onlyBase, onlyHead } = pairs;
  return [
    `Tasks: ${code(tasks, 120)}, ${count(answered(pairs), 'pair')} of answers at temperature 0, by ${api === 'chat' ? 'chat' : 'completion'}`,
    `Right with the base alone: ${onlyBase}; under test alone: ${onlyHead}. Exact one-sided p of McNemar's test: ${pText(difference.p)}`,
    `Answers with the same text: ${percent(identicalShare, 1)}. Without a response: ${unanswered.base} of the base, ${unanswered.head} under test`,
  ];
}

function pText(p: number): string {
  return p < 0.0001 ? '< 0.0001' : p.toFixed(4);
}

/** Answers come from a model: they are shown as code, on one line. */
function examples({ examples: some }: QualityFigures): string[] {
  if (some.length === 0) return [];
  const rows = some.map((example) => [code(example.prompt, 240), code(example.expected, 80), ...answersOf(example)]);
  return [table(['Task (some that changed)', 'Right', 'Base', 'Under test'], ['left', 'left', 'left', 'left'], rows)];
}

function answersOf({ head, base, right }: QualityExample): string[] {
  return [`${right === 'base' ? '✅' : '❌'} ${code(base, 80)}`, `${right === 'head' ? '✅' : '❌'} ${code(head, 80)}`];
}
