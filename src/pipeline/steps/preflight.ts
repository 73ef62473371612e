import type { Note } from '../../report/facts.ts';
import { preflightCounts } from '../../report/wording.ts';
import { stackDifferences } from '../../stack/differences.ts';
import type { Prepared, StageContext } from '../../stages/context.ts';
import { budgetMs } from '../../stages/preflight/budget.ts';
import { checkOffline } from '../../stages/preflight/offline.ts';
import { preflight } from '../../stages/preflight/preflight.ts';
import { preflightTable, type Table } from '../../stages/preflight/table.ts';
import type { Files } from '../../stages/preflight/workspace.ts';
import { sincePass } from '../../verdict/compare.ts';
import { unmeasuredChange } from '../../verdict/comparisons.ts';
import { nodeWatch } from '../endings.ts';
import type { ConnectLine, ConnectStep, Run, World } from '../run.ts';

/** What preflight leaves to later stages. */
export interface Planned {
  context: StageContext;
  prepared: Prepared;
  /** How long the run may have its nodes, in milliseconds; null without a limit on cost. */
  budgetMs: number | null;
}

/** Checks all that can be known before money is spent: files first, then the cluster. */
export function preflightStep(run: Run): Promise<Planned> {
  const { note, emit, signal } = run.context;
  return run.stage({ name: 'preflight', title: 'Preflight' }, async () => {
    const table = preflightTable((lines) => note({ type: 'preflight', lines }), signal);
    try {
      const files = await readFiles(run, table);
      const world = await connected(run, table);
      const { prompts, qualityTasks, baseline, loadScript } = files;
      const { gke, kube, registry } = world;
      const context = {
        ...{ ...run.context, gke, kube, registry, prompts, qualityTasks, baseline, loadScript },
        refuseLostNodes: nodeWatch(run, kube),
      };
      if (files.base && 'manifests' in files.base) {
        note({ type: 'differs', differences: stackDifferences(files.manifests, files.base.manifests) });
      }
      const prepared = await preflight(context, world.cluster, files.manifests, files.retire, table, files.base);
      const { base } = prepared;
      const beside = base?.state === 'ready' ? { beside: base.prepared.service.name } : {};
      run.found({ service: { ...prepared.service, ...beside } });
      noteBase(note, prepared, context.inputs.maxSlowdown);
      noteChanges(run, files);
      const summary = `${preflightCounts(run.report().preflight)}; ${planText(prepared)}`;
      return { value: { context, prepared, budgetMs: budgetMs(context, prepared) }, summary };
    } finally {
      for (const line of run.report().preflight) emit({ type: 'checked', stage: 'preflight', ...line });
    }
  });
}

async function readFiles(run: Run, table: Table): Promise<Files> {
  const files = await run.host.load(table);
  if (files) {
    run.found({ manifests: files.manifests });
    await checkOffline(table, files.manifests, run.context.inputs);
  }
  // A manifest that is refused is sent to nobody, not even for a dry run.
  table.settle();
  if (!files) throw new Error('every file was read, and there are none');
  noteChanges(run, files);
  return files;
}

const LINES: Readonly<Record<ConnectLine, string>> = {
  identity: 'Identity',
  cluster: 'Cluster',
  kubernetes: 'Kubernetes API',
};

async function connected(run: Run, table: Table): Promise<World> {
  const step: ConnectStep = async (line, open, seen) => {
    const opened = await open().catch(async (error: unknown) => {
      await table.look(line, LINES[line], () => Promise.reject(error));
      throw error;
    });
    if (seen) await table.look(line, LINES[line], async () => ({ seen: seen(opened) }));
    return opened;
  };
  const world = await run.host.connect(step).catch((error: unknown) => {
    table.settle();
    throw error;
  });
  run.found({ world });
  return world;
}

function noteChanges(run: Run, { lastPass }: Files): void {
  if (lastPass) run.context.note({ type: 'changed-since-pass', changes: sincePass(lastPass, run.report()) });
}

/** A comparison that was asked for is in the report, however the run ends. */
function noteBase(note: Note, { base }: Prepared, maxSlowdown: number): void {
  if (!base) return;
  const limit = 1 - maxSlowdown;
  const ended = 'The run ended before the comparison.';
  const reason = base.state === 'not-measured' ? base.reason : ended;
  note({ type: 'compared', comparison: unmeasuredChange('not-measured', reason, limit) });
}

function planText({ nodes, pool, restingNodes }: Prepared): string {
  return `${nodes} ${nodes === 1 ? 'node' : 'nodes'} of ${pool.machineType ?? 'unknown type'}, back to ${restingNodes} afterwards`;
}
