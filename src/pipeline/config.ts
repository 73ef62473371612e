import { isCheckout, readConfigFile } from '../clients/files/config-file.ts';
import { headCommit } from '../clients/files/git-remote.ts';
import type { ActionsIo } from '../clients/runner/actions.ts';
import { isOfDefaultBranch } from '../clients/runner/identity.ts';
import { CONFIG_FILE, PLACE_NAMES } from '../inputs/config-rules.ts';
import type { InputSource } from '../inputs/source.ts';
import { withConfig } from '../inputs/with-config.ts';
import { adviceText } from '../lib/failure.ts';

type Values = Readonly<Record<string, string>>;

/** The inputs of the file, and a note on where they are from; or every problem of the file. */
export type FoundConfig = { values: Values; note: string | null } | { problems: string[] };

/** Events whose commit is what the repository itself has, and not what somebody wants it to have. */
const OWN_EVENTS: ReadonlySet<string> = new Set(['push', 'schedule', 'workflow_dispatch', 'repository_dispatch']);

/** How long GitHub may take to return the file. */
const LIMIT_MS = 30_000;

/**
 * The inputs of the file of a checkout, on the command line and in a run of the default branch. In every other run, such as
 * that of a pull request, the file counts as the default branch has it: otherwise a change could widen what it is itself
 * checked by. The file of the checkout must be right all the same, or it would break the default branch once it is merged.
 * A pull request that adds the first file gives its place alone, which its workflow could give as well.
 */
export async function findConfig({ get, env }: InputSource, root: string): Promise<FoundConfig> {
  const read = await readConfigFile(root, CONFIG_FILE);
  if ('problem' in read) return { problems: [read.problem] };
  const own = await parsed(read.text);
  if ('problems' in own) return own;
  if (await isOwn(env, root)) return { ...own, note: noteOn(own.values, '') };
  // Without a checkout there is no file whose place the one of the default branch could take.
  if (!(await isCheckout(root))) return { values: {}, note: null };
  const base = await onDefaultBranch(get('github-token') ?? '', env);
  if ('problems' in base) return base;
  if (base.text === null && env.GITHUB_EVENT_NAME === 'pull_request') return firstPlace(own.values);
  const found = await parsed(base.text);
  if ('problems' in found) return found;
  const differs = base.text !== read.text ? ' This change of it counts once it is merged.' : '';
  return { ...found, note: noteOn(found.values, ' of the default branch', differs) };
}

function firstPlace(own: Values): FoundConfig {
  const values = Object.fromEntries(Object.entries(own).filter(([name]) => PLACE_NAMES.includes(name)));
  const isAll = Object.keys(values).length === Object.keys(own).length;
  return { values, note: noteOn(values, ' of this pull request', isAll ? '' : ' The rest counts once it is merged.') };
}

/** Whether what is checked out has landed: a dispatch on the default branch may have checked out something else. */
async function isOwn(env: InputSource['env'], root: string): Promise<boolean> {
  const event = env.GITHUB_EVENT_NAME ?? '';
  if (event === '') return true;
  if (!OWN_EVENTS.has(event) || !isOfDefaultBranch(env)) return false;
  return !(await isCheckout(root)) || (await headCommit(root)) === env.GITHUB_SHA;
}

async function parsed(text: string | null): Promise<{ values: Values } | { problems: string[] }> {
  if (text === null) return { values: {} };
  const { parseConfig } = await import('../inputs/config.ts');
  return parseConfig(text);
}

async function onDefaultBranch(
  token: string,
  { GITHUB_REPOSITORY: repository = '', GITHUB_API_URL: apiUrl }: InputSource['env'],
): Promise<{ text: string | null } | { problems: string[] }> {
  if (!token || !repository) {
    const what = 'in this run the file counts as the default branch has it';
    return { problems: [`${CONFIG_FILE} cannot be read without "github-token": ${what}.`] };
  }
  const { fileOnDefaultBranch } = await import('../clients/github/default-file.ts');
  const { timerWait } = await import('../clients/github/retry.ts');
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    return { text: await fileOnDefaultBranch({ token, repository, apiUrl, signal, wait: timerWait }, CONFIG_FILE) };
  } catch (error) {
    return {
      problems: [`${CONFIG_FILE} of the default branch cannot be read: ${adviceText(error).replace(/\s+/g, ' ')}`],
    };
  }
}

function noteOn(values: Values, where: string, more = ''): string | null {
  const names = Object.keys(values);
  if (names.length === 0) return more === '' ? null : `${CONFIG_FILE}${where} gives nothing.${more}`;
  return `${CONFIG_FILE}${where} gives ${names.join(', ')}.${more}`;
}

/** Name in the runner's state of the inputs that the file gave to the main step. */
const STATE = 'config';

/** The action's I/O with the inputs of the file, which the post step gets by the runner's state; or every problem. */
export async function configuredIo(io: ActionsIo): Promise<{ io: ActionsIo } | { problems: string[] }> {
  const { env } = io.inputs;
  const found = await findConfig(io.inputs, env.GITHUB_WORKSPACE ?? process.cwd());
  if ('problems' in found) return found;
  if (found.note !== null) io.info(found.note);
  if (Object.keys(found.values).length > 0) io.saveState(STATE, JSON.stringify(found.values));
  return { io: withValues(io, found.values) };
}

/**
 * The I/O of the post step: with the inputs that the main step had, whatever the checkout has become since. Never throws;
 * where the state was lost, the file is looked for again.
 */
export async function restoredIo(io: ActionsIo): Promise<ActionsIo> {
  if (io.getState('lease') === '') {
    const again = await configuredIo(io).catch(() => null);
    return again && 'io' in again ? again.io : io;
  }
  try {
    return withValues(io, JSON.parse(io.getState(STATE) || '{}') as Values);
  } catch {
    return io;
  }
}

function withValues(io: ActionsIo, values: Values): ActionsIo {
  return { ...io, inputs: withConfig(io.inputs, values, { filledIn: true }) };
}
