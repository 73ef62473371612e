/**
 * `node scripts/docs.ts` writes the inputs of action.yml and sweep/action.yml, the tables of docs/, and the
 * JSON Schemas of docs/. They come from the table of inputs, the lab's scenarios and the types. `--check` compares them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { ADVERSARIES } from '../lab/scenarios/adversaries.ts';
import { CAPACITY_SCENARIOS } from '../lab/scenarios/capacity.ts';
import { CLOUD_SCENARIOS } from '../lab/scenarios/cloud.ts';
import { LOAD_SCENARIOS } from '../lab/scenarios/load.ts';
import { EVERYDAY_SCENARIOS } from '../lab/scenarios/scenarios.ts';
import { EXIT_CODES } from '../src/commands/exit-codes.ts';
import { shownCommands } from '../src/commands/help.ts';
import { visiblePaths } from '../src/commands/paths.ts';
import { COMMANDS } from '../src/commands/registry.ts';
import { emptyEvidence } from '../src/diagnosis/collect.ts';
import { NO_REMEDY } from '../src/diagnosis/rules/rule.ts';
import { RULES } from '../src/diagnosis/rules/table.ts';
import { ACTION_GROUPS, SWEEP_GROUPS } from '../src/inputs/groups.ts';
import type { InputRow } from '../src/inputs/row.ts';
import { rowOf, rowsIn } from '../src/inputs/spec.ts';
import { CAUSES, type CauseRow } from '../src/lib/causes.ts';
import { Failure } from '../src/lib/failure.ts';
import { withAddresses } from '../src/lib/gate-files.ts';
import { emptyReport } from '../src/report/fold.ts';
import { type StatedInput, withInputs } from './docs/action-inputs.ts';
import { actionTypes } from './docs/action-types.ts';
import { configSchema } from './docs/config-schema.ts';
import { inputsByMode, modesOf, modesText, sectionsIn } from './docs/mode-inputs.ts';
import { fieldsOf, schemaOf } from './docs/schemas.ts';
import {
  type ActionFile,
  causeSections,
  causesTable,
  commandsTable,
  exitCodesTable,
  fieldsTable,
  inputsTables,
  modeInputsTable,
  outputsTable,
  replaceBetween,
  scenariosTable,
} from './docs/tables.ts';

const root = resolve(import.meta.dirname, '..');

/** The action files and the inputs that each states. */
const ACTIONS: Readonly<Record<string, Readonly<Record<string, StatedInput>>>> = {
  'action.yml': stated(rowsIn(ACTION_GROUPS)),
  'sweep/action.yml': stated(
    rowsIn(SWEEP_GROUPS).map(([name, row]) => [name, { ...row, description: row.sweepDescription ?? row.description }]),
  ),
};

/** The action files with the groups of their inputs, for their types. */
const TYPED = { 'action.yml': ACTION_GROUPS, 'sweep/action.yml': SWEEP_GROUPS };

function stated(rows: readonly (readonly [name: string, row: InputRow])[]): Record<string, StatedInput> {
  return Object.fromEntries(
    rows.map(([name, { description, actionDefault, default: byDefault = '' }]) => {
      const value = actionDefault ?? byDefault;
      return [name, { description, ...(value === '' ? {} : { default: value }) }];
    }),
  );
}

const modesOfInput = (name: string) => modesOf(rowOf(name));

/** The tables of each page, by the name of their markers. `text` is that of action.yml. */
function tables(text: string): Record<string, Record<string, string>> {
  const action = parse(text) as ActionFile;
  const sections = sectionsIn(text);
  return {
    'docs/rehearsal.md': { scenarios: scenariosTable(Object.values(EVERYDAY_SCENARIOS)) },
    'docs/reference.md': {
      'mode-inputs': modeInputsTable(inputsByMode(sections, modesOfInput)),
      inputs: inputsTables(action, sections, (name) => modesText(modesOfInput(name))),
      outputs: outputsTable(action),
      commands: commandsTable(shownCommands(visiblePaths(COMMANDS))),
      'exit-codes': exitCodesTable(Object.values(EXIT_CODES)),
      'result-fields': fieldsTable(fieldsOf(SCHEMAS['docs/result.schema.json'], 'Report')),
    },
    'docs/method.md': { adversaries: scenariosTable(ADVERSARIES) },
    'docs/troubleshooting.md': { causes: causesTable(rules()), 'each-cause': causeSections(rules()) },
    'docs/capacity.md': { 'capacity-scenarios': scenariosTable(CAPACITY_SCENARIOS) },
    'docs/load.md': { 'load-scenarios': scenariosTable(LOAD_SCENARIOS) },
    'docs/lease.md': { 'cloud-scenarios': scenariosTable(CLOUD_SCENARIOS) },
  };
}

/** The rules with what they would have a reader do, whose names stand in capitals. */
function rules() {
  const report = emptyReport({
    version: '0',
    run: {
      ...{ url: null, id: 'RUN', attempt: 1, number: 1, event: null, repository: null, workflow: null, job: null },
      ...{ sha: null, ref: null, pullRequest: null },
    },
    startedAt: '',
    target: { minSpeedup: 2.5, expectedMaxSpeedup: 2.8, successRate: 1 },
    plan: {
      ...{ project: 'PROJECT', location: 'LOCATION', cluster: 'CLUSTER', nodePool: 'POOL', nodes: 3 },
      ...{ namespace: 'NAMESPACE', service: 'SERVICE', replicas: 3, concurrency: null, gateway: null, manifests: '' },
    },
  });
  report.environment.machineType = 'MACHINE';
  const failure = new Failure({
    stage: 'ready',
    code: 'a-code',
    message: '',
    evidence: { pod: 'POD', container: 'CONTAINER' },
  });
  const gateway = { namespace: 'GATEWAY-NAMESPACE', name: 'GATEWAY', className: '', addresses: [], conditions: [] };
  const filter = { namespace: 'GATEWAY-NAMESPACE', name: 'FILTER', routes: [], patchesCluster: false };
  const cluster = {
    ...emptyEvidence(),
    gateway,
    filters: [{ ...filter, erasesPicker: true, buffers: true }],
  };
  return RULES.map((rule) => {
    const remedy = rule.remedy({ failure, report, cluster, lines: [] });
    const { owner, or = [] }: CauseRow = CAUSES[rule.cause];
    return { ...rule, owners: [owner, ...or], remedy: remedy === NO_REMEDY ? '' : withAddresses(remedy, SOURCE) };
  });
}

const SCHEMAS = {
  'docs/result.schema.json': schemaOf(root, 'src/report/model.ts', 'Report', 'result.json of tpu-serving-gate'),
  'docs/history.schema.json': schemaOf(
    root,
    'src/history/record.ts',
    'HistoryRecord',
    'A line of the history of tpu-serving-gate',
  ),
  'docs/config.schema.json': configSchema(),
};

/** Names for the reader's own, where the repository of the gate and its tag are not known. */
const SOURCE = { server: 'https://github.com', repository: 'OWNER/tpu-serving-gate', ref: 'TAG' };

/** Every generated file with the text that it should have. */
async function generated(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, inputs] of Object.entries(ACTIONS)) files.set(name, withInputs(await current(name), inputs));
  for (const [name, groups] of Object.entries(TYPED)) {
    const { inputs = {}, outputs = {} } = parse(files.get(name) ?? '') as ActionFile;
    const names = { inputs: Object.keys(inputs), outputs: Object.keys(outputs) };
    files.set(name.replace('action.yml', 'action-types.yml'), actionTypes(groups, names));
  }

  for (const [page, contents] of Object.entries(tables(files.get('action.yml') ?? ''))) {
    const write = (text: string, [name, table]: [string, string]) => replaceBetween(text, name, table, page);
    files.set(page, Object.entries(contents).reduce(write, await current(page)));
  }
  for (const [name, schema] of Object.entries(SCHEMAS)) files.set(name, `${JSON.stringify(schema, null, 2)}\n`);
  return files;
}

/** The text of a file as it is; empty where there is no file yet. */
function current(name: string): Promise<string> {
  return readFile(resolve(root, name), 'utf8').catch(() => '');
}

async function docs(check: boolean): Promise<string> {
  const stale: string[] = [];
  for (const [name, text] of await generated()) {
    if ((await current(name)) === text) continue;
    stale.push(name);
    if (!check) await writeFile(resolve(root, name), text);
  }
  const names = stale.join(' and ');
  if (stale.length === 0) return 'The generated files are current.';
  if (check) throw new Error(`Not current: ${names}. Run "npm run docs" and commit the change.`);
  return `Wrote ${names}.`;
}

await docs(process.argv.includes('--check')).then(
  (message) => console.log(message),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
