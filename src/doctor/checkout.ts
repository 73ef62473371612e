import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { readConfigFile } from '../clients/files/config-file.ts';
import { listFiles, readText } from '../clients/files/write.ts';
import type { AnswerName } from '../init/answers.ts';
import { CALLERS } from '../init/files.ts';
import { parseConfig } from '../inputs/config.ts';
import { CONFIG_FILE } from '../inputs/config-rules.ts';
import { isMap } from '../lib/decode.ts';
import { type Finding, missing, notChecked, ok } from './finding.ts';

/** A job that calls a workflow of the gate. */
export interface Call {
  file: string;
  /** Name of the called file. */
  calls: string;
  repository: string;
  ref: string;
  /** Version that it calls: its tag, or the comment behind a commit; null where neither is one. */
  version: string | null;
  inputs: Readonly<Record<string, string>>;
}

const FOLDER = '.github/workflows';
const INIT = 'tpu-serving-gate init';

/** The jobs of a checkout that call a workflow of the gate, and files whose YAML cannot be read. */
export async function callsIn(root: string): Promise<{ calls: Call[]; unreadable: string[] }> {
  const names = (await listFiles(join(root, FOLDER))).filter((name) => /\.ya?ml$/.test(name)).sort();
  const calls: Call[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    const file = `${FOLDER}/${name}`;
    const text = (await readText(join(root, file))) ?? '';
    const document = parseDocument(text, { logLevel: 'silent' });
    if (document.errors.length > 0) unreadable.push(file);
    else calls.push(...callsOf(file, text, document.toJS({ maxAliasCount: 50 })));
  }
  return { calls, unreadable };
}

function callsOf(file: string, text: string, workflow: unknown): Call[] {
  const jobs = isMap(workflow) && isMap(workflow.jobs) ? Object.values(workflow.jobs) : [];
  return jobs.filter(isMap).flatMap(({ uses, with: given }) => {
    const [, repository, calls, ref] = /^([^/]+\/[^/]+)\/\.github\/workflows\/([^@/]+)@(.+)$/.exec(String(uses)) ?? [];
    if (!repository || !calls || !ref || !CALLED.has(calls)) return [];
    const inputs = Object.entries(isMap(given) ? given : {}).map(([name, value]) => [name, String(value)]);
    const comment = text.split(`/${calls}@${ref}`)[1]?.split('\n')[0] ?? '';
    const version = VERSION_TAG.exec(ref)?.[0] ?? VERSION_TAG.exec(comment.replace(/^\s*#\s*/, ''))?.[0] ?? null;
    return [{ file, calls, repository, ref, version, inputs: Object.fromEntries(inputs) as Record<string, string> }];
  });
}

const VERSION_TAG = /^v\d+\.\d+\.\d+\S*/;

const CALLED: ReadonlySet<string> = new Set(Object.values(CALLERS).map(({ calls }) => calls));

/** Workflows that a repository may do without: somebody starts them by a comment or by hand. */
const OPTIONAL: ReadonlySet<string> = new Set(['measure.yml', 'deploy.yml']);

/** Whether the file of inputs and the workflows are there, and which version these call. */
export async function checkCheckout(root: string, version: string): Promise<Finding[]> {
  const { calls, unreadable } = await callsIn(root);
  return [
    await checkConfig(root),
    ...unreadable.map((file) => notChecked(`Workflow ${file}`, 'it is not valid YAML')),
    ...[...CALLED].flatMap((name) => {
      const own = calls.filter((call) => call.calls === name);
      return own.length === 0 && OPTIONAL.has(name) ? [] : [checkCall(name, own, version)];
    }),
  ];
}

async function checkConfig(root: string): Promise<Finding> {
  const read = await readConfigFile(root, CONFIG_FILE);
  if ('problem' in read) return missing(CONFIG_FILE, read.problem, `${INIT} --force`);
  if (read.text === null) return missing(CONFIG_FILE, 'it is not in this folder', INIT);
  const parsed = parseConfig(read.text);
  if ('problems' in parsed) return missing(CONFIG_FILE, parsed.problems.join(' '), `correct ${CONFIG_FILE}`);
  return ok(CONFIG_FILE, `gives ${Object.keys(parsed.values).join(', ') || 'nothing'}`);
}

function checkCall(name: string, calls: readonly Call[], version: string): Finding {
  const title = `Workflow that calls ${name}`;
  const [first] = calls;
  if (!first) return missing(title, `no file of ${FOLDER} has one`, INIT);
  const files = calls.map(({ file }) => file).join(', ');
  const old = calls.find((call) => call.version !== null && call.version !== `v${version}`);
  if (old) return missing(title, `${old.file} calls ${old.version}, and this is v${version}`, `${INIT} --force`);
  const unknown = calls.find((call) => call.version === null);
  if (unknown) {
    return notChecked(
      title,
      `${unknown.file} calls ${unknown.ref}, whose version no comment names, such as "# v${version}"`,
    );
  }
  return ok(title, `${files}, at ${first.ref}`);
}

/** Answers that the checkout has: of the file of inputs, and of what the workflows give. */
export async function answersIn(root: string): Promise<Partial<Record<AnswerName, string>>> {
  const read = await readConfigFile(root, CONFIG_FILE);
  const parsed = 'text' in read && read.text !== null ? parseConfig(read.text) : { values: {} };
  const values: Readonly<Record<string, string>> = 'values' in parsed ? parsed.values : {};
  const { calls } = await callsIn(root);
  const given = (name: string) => calls.map(({ inputs }) => inputs[name]).find((value) => value) ?? values[name];
  const number = /^projects\/(\d+)\//.exec(given('workload-identity-provider') ?? '')?.[1];
  const found: Partial<Record<AnswerName, string | undefined>> = {
    ...{ cluster: given('cluster'), pool: given('node-pool'), gateway: given('gateway') },
    ...{ namespace: values.namespace, manifests: given('manifests'), projectNumber: number },
    gate: calls[0] && `${calls[0].repository}@${calls[0].ref}`,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value)) as Partial<Record<AnswerName, string>>;
}
