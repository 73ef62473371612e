import type { Fact } from '../../report/facts.ts';
import { USUAL_MS } from '../../report/wording.ts';
import type { Prepared, StageContext } from '../../stages/context.ts';
import { provenBasis } from '../../stages/ready/image-digests.ts';
import { checkPlacement } from '../../stages/ready/placement.ts';
import { withReach } from '../../stages/ready/reach.ts';
import { awaitReady, type ReadyStack } from '../../stages/ready/ready.ts';
import { type VerifiedModel, verify } from '../../stages/verify/verify.ts';
import type { Run } from '../run.ts';

/** Waits until what the manifests imply is Ready, on the leased nodes. */
export function readyStep(run: Run, context: StageContext, prepared: Prepared): Promise<ReadyStack> {
  const title = `Wait for ${replicaText(prepared.service.replicas)}`;
  const limitMs = context.inputs.readyTimeoutMs;
  return run.stage({ name: 'ready', title, usualMs: USUAL_MS.ready, limitMs }, async () => {
    const stack = await reached(run, context, await awaitReady(context, prepared));
    await checkPlacement(context, prepared, stack);
    const { basis } = run.report();
    if (basis?.hash) {
      context.note({ type: 'based-on', basis: provenBasis(basis, [...stack.replicas, ...stack.pickers]) });
    }
    const { endpoint } = stack.route;
    const summary = `${replicaText(stack.replicas.length)} and the endpoint picker ready at ${endpoint}`;
    return { value: stack, summary, facts: factsOf(stack) };
  });
}

/** Checks the service, and proves who served what. */
export function verifyStep(
  run: Run,
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
): Promise<VerifiedModel> {
  return run.stage({ name: 'verify', title: 'Verify the service and its routing' }, async () => {
    const value = await verify(context, prepared, stack);
    const { checks } = run.report();
    const passed = checks.filter(({ outcome }) => outcome === 'pass').length;
    // The benchmark makes this check again, with far more prompts: its outcome counts.
    const isOpen = checks.some(({ id, outcome }) => id === 'unique-spread' && outcome !== 'pass');
    const summary = `${passed} of ${checks.length} checks passed${isOpen ? ', the benchmark repeats one' : ''}`;
    return { value, summary };
  });
}

/** The stack with a way for the gate's own checks, which is closed when the run has ended. */
export async function reached(run: Run, context: StageContext, stack: ReadyStack): Promise<ReadyStack> {
  const found = await withReach(context, stack);
  run.onEnd(() => void found.tunnel?.close());
  return found;
}

function factsOf({ route: { gateway, pool } }: ReadyStack): Fact[] {
  return [
    { type: 'planned', plan: { gateway: `${gateway.namespace}/${gateway.name}` } },
    { type: 'discovered', environment: { inferencePoolGroup: pool?.apiVersion.split('/')[0] ?? null } },
  ];
}

function replicaText(count: number): string {
  return count === 1 ? '1 replica' : `${count} replicas`;
}
