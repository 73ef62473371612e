/**
 * `node scripts/docs.ts` writes the tables of README.md and docs/ and the JSON Schemas of docs/ from action.yml, the lab's
 * scenarios and the types; `--check` compares them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { ADVERSARIES } from '../lab/scenarios/adversaries.ts';
import { CLOUD_SCENARIOS } from '../lab/scenarios/cloud.ts';
import { EVERYDAY_SCENARIOS } from '../lab/scenarios/scenarios.ts';
import { emptyEvidence } from '../src/diagnosis/collect.ts';
import { RULES } from '../src/diagnosis/rules/table.ts';
import { Failure } from '../src/lib/failure.ts';
import { emptyReport } from '../src/report/fold.ts';
import { fieldsOf, schemaOf } from './docs/schemas.ts';
import {
  type ActionFile,
  causesTable,
  fieldsTable,
  inputsTable,
  outputsTable,
  replaceBetween,
  scenariosTable,
} from './docs/tables.ts';

const root = resolve(import.meta.dirname, '..');

/** The tables of each page, by the name of their markers. */
async function tables(): Promise<Record<string, Record<string, string>>> {
  const action = parse(await readFile(resolve(root, 'action.yml'), 'utf8')) as ActionFile;
  return {
    'README.md': { scenarios: scenariosTable(Object.values(EVERYDAY_SCENARIOS)) },
    'docs/reference.md': {
      inputs: inputsTable(action),
      outputs: outputsTable(action),
      'result-fields': fieldsTable(fieldsOf(SCHEMAS['docs/result.schema.json'], 'Report')),
    },
    'docs/method.md': { adversaries: scenariosTable(ADVERSARIES) },
    'docs/troubleshooting.md': { causes: causesTable(rules()) },
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
    hint: HINT,
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
    return { ...rule, remedy: remedy === HINT ? '' : remedy };
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
};

const HINT = 'the failure says it';

async function docs(check: boolean): Promise<string> {
  const stale: string[] = [];
  for (const [page, contents] of Object.entries(await tables())) {
    const path = resolve(root, page);
    const before = await readFile(path, 'utf8');
    const after = Object.entries(contents).reduce(
      (text, [name, table]) => replaceBetween(text, name, table, page),
      before,
    );
    if (after === before) continue;
    stale.push(page);
    if (!check) await writeFile(path, after);
  }
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    const path = resolve(root, name);
    const text = `${JSON.stringify(schema, null, 2)}\n`;
    if ((await readFile(path, 'utf8').catch(() => '')) === text) continue;
    stale.push(name);
    if (!check) await writeFile(path, text);
  }
  const names = stale.join(' and ');
  if (stale.length === 0) return 'The tables of the pages are current.';
  if (check) throw new Error(`The tables of ${names} are not current. Run "npm run docs" and commit the change.`);
  return `Wrote the tables of ${names}.`;
}

await docs(process.argv.includes('--check')).then(
  (message) => console.log(message),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
