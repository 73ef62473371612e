import { runIdentity } from './clients/runner.ts';
import type { Inputs } from './inputs.ts';
import { Failure } from './lib/failure.ts';
import { emptyReport } from './report/build.ts';
import type { Report } from './report/model.ts';
import { VERSION } from './version.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A report that is true at any moment from now on. */
export function beginReport(inputs: Inputs, env: Env): Report {
  return emptyReport({
    version: VERSION,
    run: runIdentity(env, { pullRequest: inputs.prNumber }),
    startedAt: new Date().toISOString(),
    target: inputs.target,
    plan: {
      project: inputs.projectId,
      location: inputs.location,
      cluster: inputs.cluster,
      nodePool: inputs.nodePool,
      nodes: inputs.nodes,
      namespace: inputs.namespace,
      service: null,
      replicas: null,
      concurrency: inputs.concurrency,
      gateway: inputs.gateway ? `${inputs.gateway.namespace}/${inputs.gateway.name}` : null,
      manifests: inputs.manifests || 'Pattern 3 as shipped',
    },
  });
}

/** Aborts on SIGINT, SIGTERM and after the overall limit; the reason says which. */
export function runSignal(limitMs: number): { signal: AbortSignal; interrupted: () => boolean; stop: () => void } {
  const controller = new AbortController();
  let interrupted = false;
  const onSignal = (name: string) => {
    interrupted = true;
    controller.abort(
      new Failure({
        stage: 'preflight',
        code: 'interrupted',
        message: `The run was interrupted by ${name} before it had a result.`,
        hint: 'Nothing is wrong with the change; run it again.',
        blame: 'gate',
      }),
    );
  };
  const timer = setTimeout(() => {
    controller.abort(
      new Failure({
        stage: 'preflight',
        code: 'run-timeout',
        message: `The run took longer than its limit of ${Math.round(limitMs / 60_000)} min.`,
        hint: 'Look at the slowest stage, or raise "timeout".',
        blame: 'gate',
      }),
    );
  }, limitMs);
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    interrupted: () => interrupted,
    stop: () => {
      clearTimeout(timer);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
