import { errorText, Failure } from '../../lib/failure.ts';
import { orAbort } from '../../lib/poll.ts';
import type { ProgressEvent } from '../../progress/events.ts';
import type { Fact } from '../../report/facts.ts';
import type { ComparedStack } from '../../stages/benchmark/change-arms.ts';
import type { Prepared, StageContext } from '../../stages/context.ts';
import { deploy } from '../../stages/deploy/deploy.ts';
import { leaseContext } from '../../stages/lease/lease.ts';
import { renewPool } from '../../stages/lease/pool-lease.ts';
import { checkPlacement } from '../../stages/ready/placement.ts';
import { awaitReady, type ReadyStack } from '../../stages/ready/ready.ts';
import { verify } from '../../stages/verify/verify.ts';
import { checkSentence } from '../../verdict/overall.ts';
import type { Run } from '../run.ts';
import type { HeldPool } from './lease.ts';
import { reached } from './serve.ts';

/** A base stack that is measured, or why it is not. */
export type BaseOutcome =
  | { state: 'verified'; head: Pick<ComparedStack, 'contentHash'>; base: ComparedStack }
  | { state: 'same' }
  | { state: 'not-measured'; reason: string };

/** The base stack while it becomes ready beside the stack under test. */
export interface BaseStack {
  /** Waits until it is ready, in the foreground of the log, and asks it for answers. Rejects only when the run ends. */
  verified(): Promise<BaseOutcome>;
}

/**
 * Deploys the base stack once all nodes are there, so that its pods take none from the stack under test; null where no
 * comparison was asked for. Nothing that goes wrong with it ends the run.
 */
export async function baseStep(
  run: Run,
  pool: HeldPool,
  own: NonNullable<StageContext['own']>,
): Promise<BaseStack | null> {
  const { base } = pool.prepared;
  if (!base) return null;
  const known = (outcome: BaseOutcome): BaseStack => ({ verified: async () => outcome });
  if (base.state !== 'ready') return known(base);
  const shortage = pool.shortage();
  if (shortage !== null) return known({ state: 'not-measured', reason: shortage });
  const over = new AbortController();
  run.onEnd(() => over.abort());
  const log = baseLog(pool.beside.context);
  const signal = AbortSignal.any([pool.beside.context.signal, over.signal]);
  const context: StageContext = { ...pool.beside.context, signal, own, emit: log.emit, note: log.note };
  const { prepared } = base;
  try {
    await deploy(context, prepared);
    // The lease in the cluster knows what was made, too.
    await renewPool(leaseContext(context), pool.state);
  } catch (error) {
    return known(notMeasured(context, 'The base stack could not be deployed', error));
  }
  const ready = readyBase(run, context, prepared);
  // It is waited for later; until then nothing looks at it.
  ready.catch(() => {});
  return {
    async verified() {
      log.toFront();
      const stack = await orAbort(ready, run.context.signal);
      if ('state' in stack) return stack;
      return verifyBase(context, { prepared, stack, facts: log.facts, hashes: base });
    },
  };
}

async function readyBase(
  run: Run,
  context: StageContext,
  prepared: Prepared,
): Promise<ReadyStack | Extract<BaseOutcome, { state: 'not-measured' }>> {
  try {
    const stack = await reached(run, context, await awaitReady(context, prepared));
    await checkPlacement({ kube: context.kube, emit: () => {} }, prepared, stack);
    forgiveNodes(run, stack);
    return stack;
  } catch (error) {
    return notMeasured(context, 'The base stack did not become ready', error);
  }
}

/** A node that is lost with the base stack alone does not end the run: its comparison will show it. */
function forgiveNodes(run: Run, { replicas }: ReadyStack): void {
  const { leased } = run.known;
  if (!leased) return;
  const own = new Set(replicas.map(({ spec }) => spec?.nodeName));
  run.found({ leased: { ...leased, nodes: leased.nodes.filter(({ name }) => !own.has(name)) } });
}

async function verifyBase(
  context: StageContext,
  {
    prepared,
    stack,
    facts,
    hashes,
  }: {
    prepared: Prepared;
    stack: ReadyStack;
    facts: readonly Fact[];
    hashes: { contentHash: string; headHash: string };
  },
): Promise<BaseOutcome> {
  try {
    const model = await verify(context, prepared, stack);
    const failed = facts.flatMap((fact) =>
      fact.type === 'check' && fact.check.outcome === 'fail' ? [fact.check] : [],
    );
    // How the base branch routes is what the change is compared with, not what is asked of it.
    const broken = failed.find(({ id }) => id === 'completion' || id === 'models' || id === 'replicas');
    if (broken) {
      return { state: 'not-measured', reason: `The base stack does not serve: ${checkSentence(broken, 'failed')}` };
    }
    const { contentHash, headHash } = hashes;
    return { state: 'verified', head: { contentHash: headHash }, base: { prepared, stack, model, contentHash } };
  } catch (error) {
    return notMeasured(context, 'The base stack does not serve', error);
  }
}

function notMeasured(
  { signal }: Pick<StageContext, 'signal'>,
  what: string,
  error: unknown,
): Extract<BaseOutcome, { state: 'not-measured' }> {
  signal.throwIfAborted();
  if (!(error instanceof Failure)) throw error;
  return { state: 'not-measured', reason: `${what}: ${errorText(error)}` };
}

/** What the base stack has to report: facts of its own, and what it waits for once nothing else is waited for. */
function baseLog({ emit }: Pick<StageContext, 'emit'>) {
  const facts: Fact[] = [];
  let isInFront = false;
  return {
    facts: facts as readonly Fact[],
    note: (fact: Fact) => void facts.push(fact),
    toFront: () => {
      isInFront = true;
    },
    emit(event: ProgressEvent) {
      if (event.type === 'waiting') {
        if (isInFront) emit({ ...event, stage: 'benchmark', what: `the base stack: ${event.what}` });
      } else if (event.type === 'fact') emit({ ...event, text: `base stack: ${event.text}` });
      else if (event.type === 'warning') emit({ ...event, text: `base stack: ${event.text}` });
    },
  };
}
