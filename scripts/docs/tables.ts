import { anchorOf } from '../../src/lib/gate-files.ts';
import type { Section, Taken } from './mode-inputs.ts';

/** What README shows of `action.yml`. */
export interface ActionFile {
  inputs?: Record<string, { description?: string; default?: unknown } | null>;
  outputs?: Record<string, { description?: string } | null>;
}

/** A heading and a Markdown table for each section of the inputs. Throws an Error that names every input without a description. */
export function inputsTables(
  action: ActionFile,
  sections: readonly Section[],
  modesText: (name: string) => string,
): string {
  const inputs = action.inputs ?? {};
  demandDescriptions('input', Object.entries(inputs));
  const row = (name: string) => {
    const input = inputs[name];
    return [code(name), defaultOf(input?.default), cell(input?.description), modesText(name)];
  };
  return sections
    .map(({ title, names }) => `### ${title}\n\n${table(['Input', 'Default', 'Meaning', 'Modes'], names.map(row))}`)
    .join('\n\n');
}

/** A Markdown table of the modes and the inputs that each takes; a section by its title, with a link. */
export function modeInputsTable(rows: readonly Taken[]): string {
  const list = (names: readonly string[]) => names.map(code).join(', ');
  const section = ({ title, without }: Taken['most'][number]) =>
    `[${title}](#${anchorOf(title)})${without.length > 0 ? ` without ${list(without)}` : ''}`;
  return table(
    ['Mode', 'Sections', 'And'],
    rows.map(({ mode, most, single }) => [code(mode), most.map(section).join('; '), list(single)]),
  );
}

/** A Markdown table of the outputs. Throws an Error that names every output without a description. */
export function outputsTable(action: ActionFile): string {
  const entries = Object.entries(action.outputs ?? {});
  demandDescriptions('output', entries);
  return table(
    ['Output', 'Meaning'],
    entries.map(([name, output]) => [code(name), cell(output?.description)]),
  );
}

/** A Markdown table of the commands of the command line. */
export function commandsTable(commands: readonly (readonly [usage: string, summary: string])[]): string {
  return table(
    ['Command', 'What it does'],
    commands.map(([usage, summary]) => [code(usage), cell(summary)]),
  );
}

/** A Markdown table of the exit codes of the command line. */
export function exitCodesTable(codes: readonly { code: number; meaning: string }[]): string {
  return table(
    ['Exit code', 'Meaning'],
    codes.map(({ code: number, meaning }) => [String(number), cell(meaning)]),
  );
}

/** A Markdown table of the fields of a file. */
export function fieldsTable(fields: readonly (readonly [name: string, meaning: string])[]): string {
  return table(
    ['Field', 'Meaning'],
    fields.map(([name, meaning]) => [code(name), cell(meaning)]),
  );
}

export interface ScenarioRow {
  name: string;
  summary: string;
  expect: { exitCode: number; verdict: string; cause: string | null };
}

/** A Markdown table of the rehearsal's scenarios and how each ends. */
export function scenariosTable(scenarios: readonly ScenarioRow[]): string {
  return table(
    ['Scenario', 'The cluster', 'Verdict', 'Cause', 'Exit code'],
    scenarios.map(({ name, summary, expect }) => [
      code(name),
      cell(summary),
      expect.verdict,
      expect.cause === null ? '' : code(expect.cause),
      String(expect.exitCode),
    ]),
  );
}

export interface CauseRow {
  cause: string;
  title: string;
  /** Who may have to act, the usual one first. */
  owners: readonly string[];
  looksLike: string;
  /** What to do, with names in capitals for the reader's own; empty where another rule of the cause has it. */
  remedy: string;
}

/** A Markdown table of the causes that the diagnosis knows, each with a link to its section. */
export function causesTable(rules: readonly CauseRow[]): string {
  return table(
    ['Cause', 'In words', 'Who acts'],
    oncePerCause(rules).map(({ cause, title, owners }) => [
      `[${code(cause)}](#${anchorOf(cause)})`,
      cell(title),
      owners.join(' or '),
    ]),
  );
}

/** A section for each cause, whose heading is the anchor that comments link to. */
export function causeSections(rules: readonly CauseRow[]): string {
  return oncePerCause(rules)
    .map(({ cause, title, owners, looksLike, remedy }) =>
      [
        `### ${code(cause)}`,
        `${title}. Who acts: ${owners.join(' or ')}.`,
        `- **Looks like:** ${line(looksLike)}\n- **To do:** ${line(remedy)}`,
      ].join('\n\n'),
    )
    .join('\n\n');
}

/** One row for each cause: of its rules the first that has something to do. Throws an Error where none has. */
function oncePerCause(rules: readonly CauseRow[]): CauseRow[] {
  const best = (cause: string) => rules.find((rule) => rule.cause === cause && rule.remedy !== '');
  const idle = rules.filter(({ cause }) => !best(cause)).map(({ cause }) => cause);
  if (idle.length > 0) throw new Error(`no remedy for ${[...new Set(idle)].join(', ')}`);
  return rules.filter((rule) => best(rule.cause) === rule);
}

/** Text on one line. Angle brackets and underscores in it are no markup. */
const line = (text: string) =>
  text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('<', '&lt;');

/**
 * `text` with the part between the markers `<!-- NAME -->` and `<!-- /NAME -->` replaced. Throws an Error when the
 * markers are not there exactly once, in this order.
 */
export function replaceBetween(text: string, name: string, content: string, page: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest, ...more] = text.split(open);
  const [old, after, ...others] = rest?.split(close) ?? [];
  if (before === undefined || old === undefined || after === undefined || more.length > 0 || others.length > 0) {
    throw new Error(`${page} needs ${open} and ${close} exactly once, in this order.`);
  }
  return `${before}${open}\n\n${content}\n\n${close}${after}`;
}

function demandDescriptions(kind: string, entries: [string, { description?: string } | null][]): void {
  const silent = entries.filter(([, entry]) => !entry?.description?.trim()).map(([name]) => `"${name}"`);
  if (silent.length > 0) throw new Error(`action.yml: no description for ${kind} ${silent.join(', ')}.`);
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function defaultOf(value: unknown): string {
  return value === undefined || value === '' ? '' : code(String(value));
}

const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;

/** Markdown on one line; a bar would end the cell. */
const cell = (text = '') =>
  text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|');
