import { type Finding, type Path, pathText, shown } from './guard-context.ts';

/**
 * KServe puts a service, as JSON, through Go's text/template without quoting (`ReplaceVariables` of its controller): an
 * action may print a quotation mark and with it any field. So only the actions of KServe's own presets are allowed,
 * whose results are names and numbers that other rules check, and each text has to end the conditions that it begins.
 */
const FIELD = String.raw`\.(?:ObjectMeta\.Name(?:space)?|Spec\.Model\.Name|Spec\.(?:Prefill\.)?Parallelism(?:\.[A-Za-z]+)?|Spec\.Prefill|GlobalConfig\.[A-Za-z]+)`;
const ACTIONS: readonly RegExp[] = [
  new RegExp(`^${FIELD}$`),
  /^ChildName \.ObjectMeta\.Name `-[a-z0-9-]+`$/,
  new RegExp(String.raw`^or ${FIELD} \d+$`),
  /^kvTransferConfig \.Spec\.(?:Prefill\.)?KVCacheOffloading$/,
  /^shutdownTimeout (?:nil|\.Spec\.(?:Prefill\.)?(?:Template|Worker)) \d+$/,
];
const CONDITION = new RegExp(`^if (?:${FIELD}|and ${FIELD}(?: ${FIELD})*)$`);

/** Every text of an object, and every key, whose template may print more than a name or a number. */
export function templateFindings(value: unknown, path: Path = []): { finding: Finding; path: Path }[] {
  if (typeof value === 'string') return isPlain(value) ? [] : [{ finding: refusal(value, path), path }];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    const ofKey = /\{\{|\}\}/.test(key) ? [{ finding: refusal(key, at), path: at }] : [];
    return [...ofKey, ...templateFindings(inner, at)];
  });
}

function refusal(text: string, path: Path): Finding {
  const [action = text] = /\{\{.*/s.exec(text) ?? [];
  const message = `${pathText(path)} has the template ${shown(action)}; allowed are whole actions of KServe's own presets, such as {{ .ObjectMeta.Name }}`;
  return { rule: 'template', message };
}

function isPlain(text: string): boolean {
  if (!text.includes('{{')) return true;
  let open = 0;
  const rest = text.replace(/\{\{(?:- )?\s*(.*?)\s*(?: -)?\}\}/gs, (_, action: string) => {
    if (CONDITION.test(action)) open += 1;
    else if (action === 'end') open -= 1;
    else if (action !== 'else' && !ACTIONS.some((form) => form.test(action))) return '{{';
    if (open < 0) return '{{';
    return '';
  });
  return open === 0 && !rest.includes('{{');
}
