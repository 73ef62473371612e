import { join } from 'node:path';
import { addComponents } from '../../clients/files/components.ts';
import { readLoadScript } from '../../clients/files/load-script.ts';
import { loadManifests, type Manifest } from '../../clients/files/manifests.ts';
import { readPrompts } from '../../clients/files/prompts.ts';
import { readQualityTasks } from '../../clients/files/quality-tasks.ts';
import { describe, groupOf, type KubeObject, refOf } from '../../clients/kubernetes/objects.ts';
import type { Inputs } from '../../inputs/inputs.ts';
import { Failure } from '../../lib/failure.ts';
import type { QualityTask } from '../../quality/task.ts';
import type { Report } from '../../report/model.ts';
import { isService } from '../../stack/service.ts';
import type { BaseFiles } from './base.ts';
import { readBaseline, readLastPass } from './earlier-results.ts';
import { SERVICE_GROUP } from './kserve.ts';
import type { Seen, Table } from './table.ts';

/** The contents of the workspace's files; each of them is a line of preflight. */
export interface Files {
  manifests: Manifest[];
  /** The stack of the base branch; null where no comparison with it was asked for. */
  base: BaseFiles | null;
  retire: KubeObject[];
  prompts: readonly string[] | null;
  /** The user's own tasks for the quality of answers. */
  qualityTasks: readonly QualityTask[] | null;
  baseline: Report | null;
  /** The program of the load clients in the cluster; null where the load comes from the runner in any case. */
  loadScript: string | null;
  /** The result of the last run that passed. */
  lastPass: Report | null;
}

interface Workspace {
  inputs: Inputs;
  env: Readonly<Record<string, string | undefined>>;
  /** Folder of the gate itself, with the manifests that ship with it. */
  packageRoot: string;
  /** Folder that the user's paths are relative to, and may not leave. */
  workspace: string;
}

/** The files that the inputs name, each a line of preflight of its own. Null when one of them cannot be used. */
export async function loadFiles(session: Workspace, table: Table): Promise<Files | null> {
  const { inputs, workspace: root } = session;
  const [manifests, base, retire, prompts, qualityTasks, baseline, lastPass, load] = await Promise.all([
    table.check('manifests', 'Manifests', async () => {
      const value = await readManifests(session);
      const files = new Set(value.map(({ file }) => file)).size;
      return { value, seen: `${value.length} objects in ${files} ${files === 1 ? 'file' : 'files'}` };
    }),
    readFile(table, 'base-manifests', 'Base manifests', comparesBase(inputs), () => readBase(session)),
    readFile(table, 'retire', 'What is retired', inputs.retire !== 'none', async () => {
      const value = await readRetired(session);
      return { value, seen: `${value.length} objects` };
    }),
    readFile(table, 'prompts', 'Prompts file', inputs.prompts !== '', async () => {
      const value = await readPrompts({ path: inputs.prompts, root });
      return { value, seen: `${value.length} prompts` };
    }),
    readFile(
      table,
      'quality-tasks',
      'Quality tasks',
      inputs.quality === 'auto' && inputs.qualityTasks !== '',
      async () => {
        const value = await readQualityTasks({ path: inputs.qualityTasks, root });
        return { value, seen: `${value.length} tasks${comparesBase(inputs) ? '' : ', not put to one stack alone'}` };
      },
    ),
    readFile(table, 'baseline', 'Recorded baseline', inputs.baseline !== '', async () => {
      const value = await readBaseline({ path: inputs.baseline, root });
      return { value, seen: `of ${value.finishedAt ?? 'an unknown time'}` };
    }),
    readFile(table, 'last-pass', 'Last passing run', inputs.lastPass !== '', () =>
      readLastPass({ path: inputs.lastPass, root }),
    ),
    readFile(table, 'load-program', 'Load clients', inputs.loadFrom !== 'runner' && inputs.keep === null, async () => {
      const value = await readLoadScript(session.packageRoot);
      return { value, seen: `${Math.ceil(value.length / 1_024)} KiB` };
    }),
  ]);
  if (!manifests || !base || !retire || !prompts || !qualityTasks || !baseline || !lastPass || !load) return null;
  return {
    manifests,
    base: base.value,
    retire: (retire.value ?? []).map(({ object }) => object),
    prompts: prompts.value,
    qualityTasks: qualityTasks.value,
    baseline: baseline.value,
    lastPass: lastPass.value,
    loadScript: load.value,
  };
}

/** A file that is read only where an input names it; `{value: null}` where none does, null where it cannot be used. */
async function readFile<T>(
  table: Table,
  id: string,
  title: string,
  wanted: boolean,
  read: () => Promise<Seen<T>>,
): Promise<{ value: T | null } | null> {
  if (!wanted) return { value: null };
  let read_: { value: T } | null = null;
  await table.look(id, title, async () => {
    const { value, ...look } = await read();
    read_ = { value };
    return look;
  });
  return read_;
}

async function readManifests(session: Workspace): Promise<Manifest[]> {
  const { inputs, packageRoot, workspace, env } = session;
  const { components, namespace } = inputs;
  const manifests =
    inputs.manifests === ''
      ? await loadManifests({ path: `manifests/pattern${inputs.pattern}`, root: packageRoot, namespace, env })
      : await loadManifests({ path: inputs.manifests, root: workspace, namespace, env });
  return components.length === 0 ? manifests : addComponents(manifests, { components, packageRoot, namespace, env });
}

/** Whether a comparison with the base branch was asked for. A stack that stays is not measured. */
function comparesBase({ baseManifests, keep }: Inputs): boolean {
  return baseManifests !== '' && keep === null;
}

/** A base branch whose files cannot be read is not a failure of the change. */
async function readBase({ inputs, workspace, env }: Workspace): Promise<Seen<BaseFiles>> {
  const { namespace, baseManifests: path } = inputs;
  try {
    const manifests = await loadManifests({ path, root: workspace, namespace, env });
    return { value: { manifests }, seen: `${manifests.length} objects` };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const problem = `The base manifests cannot be read: ${error.message}`;
    return { value: { problem }, outcome: 'warning', seen: `the change is not compared: ${error.message}` };
  }
}

async function readRetired(session: Workspace): Promise<Manifest[]> {
  const { inputs, packageRoot, workspace, env } = session;
  const { namespace, pattern, restores, retire } = inputs;
  if (retire === 'none') return [];
  if (retire !== '')
    return onlyServices(await loadManifests({ path: retire, root: workspace, namespace, env }), inputs);
  const other = pattern === 3 ? 1 : 3;
  // The rollback leads to what may be there already, made by hand: it is created again, so that no field has another owner.
  const lists = restores ? [other, pattern] : [other];
  const read = lists.map((each) => {
    const path = join('manifests', `pattern${each}`, 'retire.yaml');
    return loadManifests({ path, root: packageRoot, namespace, env });
  });
  const seen = new Set<string>();
  return (await Promise.all(read)).flat().filter(({ object }) => {
    const key = describe(refOf(object));
    return !seen.has(key) && seen.add(key);
  });
}

/**
 * A list of the workspace comes with the change under test, so it may name no more than the stack that makes room: an
 * LLMInferenceService in the namespace of the run. The lists that ship with the gate also name what was recorded beside.
 */
function onlyServices(listed: Manifest[], { namespace }: Inputs): Manifest[] {
  const refused = listed.filter(
    ({ object }) =>
      !isService(object) ||
      groupOf(object.apiVersion) !== SERVICE_GROUP ||
      (object.metadata.namespace ?? namespace) !== namespace,
  );
  if (refused.length === 0) return listed;
  const places = refused.map(({ file, line, object }) => `${describe(refOf(object))} (${file}:${line ?? 1})`);
  throw new Failure({
    stage: 'preflight',
    code: 'retire-refused',
    message: `Input "retire" names ${places.join(', ')}; allowed: an LLMInferenceService in namespace ${namespace}.`,
    hint: 'Leave the others out: what the gate made for a stack goes with it.',
  });
}
