import type { Container } from '../clients/kubernetes/kinds.ts';

/** The command line of vLLM as far as a container shows it. */
export interface CommandLine {
  /** One line, with the variables that the container or its script sets filled in. */
  text: string;
  /** What may hold further flags and cannot be read from here: `$TLS_ARGS`, `--config /etc/vllm.yaml`. */
  open: string[];
  /** Whether a preset of KServe starts the server, and adds flags of its own. */
  preset: boolean;
}

/** KServe's presets pass it to vLLM (config/llmisvcconfig/config-llm-template.yaml). */
const ADDITIONAL = 'VLLM_ADDITIONAL_ARGS';
const STARTS_SERVER = /\bvllm\s+serve\b|\bvllm\.entrypoints\b|^\s*(?:exec\s+)?(?:\S*\/)?python/m;
const ASSIGNMENT = /(^|[\n;]|\bexport)[ \t]*([A-Za-z_]\w*)=("[^"\n]*"|'[^'\n]*'|[^\s;]*)[ \t]*(?=[\n;]|$)/g;
const VARIABLE = /\$\{([A-Za-z_]\w*)(?::?-([^}]*))?\}|\$([A-Za-z_]\w*)/g;
const BRANCHES = /(?:^|[\s;])(?:if|case|for|while)\s|&&|\|\|/;

/** Reads the words of a container, its literal environment, and the plain assignments of its script. */
export function readCommandLine(container: Container | undefined): CommandLine {
  const environment = environmentOf(container);
  const words = [...(container?.command ?? []), ...(container?.args ?? [])];
  const own = words.map((word) => expandReferences(word, environment)).join('\n');
  const script = own
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n');
  const preset = (container?.command ?? []).length === 0 && !STARTS_SERVER.test(script);
  const { values, rest } = takeAssignments(script.replace(/\\\n/g, ' '), environment);
  const open = new Set<string>();
  const whole = preset && environment.has(ADDITIONAL) ? `${rest} \${${ADDITIONAL}}` : rest;
  const text = fill(whole, values, open)
    .replace(/\\?\s+/g, ' ')
    .trim();
  if (/\$\(|`/.test(text)) open.add('the output of a command');
  if (/\{\{-?\s*(?:if|range|with)\b/.test(text)) open.add('a condition of a template');
  const file = /(?:^|\s)--config(?:=|\s+)(\S+)/.exec(text)?.[1];
  if (file) open.add(`--config ${file}`);
  if ((container?.envFrom ?? []).length > 0 && preset && !environment.has(ADDITIONAL)) open.add('envFrom');
  return { text, open: [...open], preset };
}

/** Whether a flag is on the line; null where something that cannot be read may hold it. Names may have `_` for `-`. */
export function hasFlag(line: CommandLine, ...names: readonly string[]): boolean | null {
  const isThere = names.some((name) => new RegExp(`(?:^|[\\s"'])${spelled(name)}(?:[=\\s"']|$)`).test(line.text));
  if (isThere) return line.open.includes('a condition of a template') ? null : true;
  return line.open.length > 0 || line.preset ? null : false;
}

/** Value of a flag, the last one given: undefined without it, null where it cannot be read. */
export function flagValue(line: CommandLine, name: string): string | null | undefined {
  const found = [...line.text.matchAll(new RegExp(`(?:^|[\\s"'])${spelled(name)}(?:=|\\s+)["']?([^\\s"']+)`, 'g'))];
  const value = found.at(-1)?.[1];
  if (value === undefined) return line.open.length > 0 ? null : undefined;
  return /[$`]|\{\{/.test(value) ? null : value;
}

/** Port that vLLM is started for: its default of 8000 without the flag, null where it cannot be read. */
export function portOf(line: CommandLine): number | null {
  const value = flagValue(line, '--port');
  if (value === undefined) return 8_000;
  return value !== null && /^\d+$/.test(value) ? Number(value) : null;
}

/** Whether vLLM is started for TLS; null where it cannot be read, or where a preset decides. */
export function servesTls(line: CommandLine): boolean | null {
  return hasFlag(line, '--ssl-certfile', '--ssl-keyfile');
}

/** Variables by name; null for one whose value comes from elsewhere. */
type Variables = ReadonlyMap<string, string | null>;

function environmentOf(container: Container | undefined): Variables {
  const variables = new Map<string, string | null>();
  for (const { name, value, valueFrom } of container?.env ?? []) {
    variables.set(name, valueFrom ? null : expandReferences(value ?? '', variables));
  }
  return variables;
}

/** Kubernetes fills in `$(NAME)` of a variable that the container sets, and leaves any other as it is. */
function expandReferences(text: string, variables: Variables): string {
  return text.replace(/\$\(([A-Za-z_]\w*)\)/g, (whole, name: string) => variables.get(name) ?? whole);
}

/** Takes the plain assignments out of a script. One in a script that branches, or made twice, has no known value. */
function takeAssignments(script: string, environment: Variables): { values: Variables; rest: string } {
  const values = new Map(environment);
  const branches = BRANCHES.test(script);
  const assigned = new Set<string>();
  const rest = script.replace(ASSIGNMENT, (_, before: string, name: string, value: string) => {
    values.set(name, branches || assigned.has(name) ? null : value.replace(/^(["'])(.*)\1$/, '$2'));
    assigned.add(name);
    return before === 'export' ? '' : before;
  });
  return { values, rest };
}

/** Puts values in place of variables, also in values; notes those that have none. */
function fill(text: string, values: Variables, open: Set<string>, depth = 0): string {
  return text.replace(VARIABLE, (whole, braced: string | undefined, fallback: string | undefined, plain = '') => {
    const name = braced ?? plain;
    const value = values.has(name) ? values.get(name) : fallback;
    if (value === undefined || value === null || depth > 4) {
      open.add(`$${name}`);
      return whole;
    }
    return fill(value, values, open, depth + 1);
  });
}

/** vLLM's parser takes `_` for `-` (vllm/utils FlexibleArgumentParser). */
function spelled(flag: string): string {
  return `--${flag.slice(2).replaceAll('-', '[-_]')}`;
}
