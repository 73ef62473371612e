import { runIdentity } from '../clients/runner/identity.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { errorText, Failure } from '../lib/failure.ts';
import { VERSION } from '../lib/version.ts';
import { emptyReport } from '../report/fold.ts';
import type { Report } from '../report/model.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A report that is true at any moment from now on. */
export function beginReport(inputs: Inputs, env: Env): Report {
  return emptyReport({
    version: VERSION,
    run: runIdentity(env, { pullRequest: inputs.prNumber }),
    startedAt: new Date().toISOString(),
    target: inputs.target,
    mode: inputs.mode,
    plan: {
      project: inputs.projectId,
      location: inputs.location,
      cluster: inputs.cluster,
      nodePool: inputs.nodePool,
      nodes: inputs.nodes,
      namespace: inputs.namespace,
      service: null,
      replicas: null,
      concurrency: inputs.concurrency === 'auto' ? null : inputs.concurrency,
      gateway: inputs.gateway ? `${inputs.gateway.namespace}/${inputs.gateway.name}` : null,
      manifests: inputs.manifests || `Pattern ${inputs.pattern} as shipped`,
    },
  });
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Aborts on SIGINT, SIGTERM, SIGHUP and after the overall limit; the reason says which. */
export function runSignal(limitMs: number): {
  signal: AbortSignal;
  interrupted: () => boolean;
  /** Ends the run for an exception that nobody caught, so that what follows a run still follows. */
  crash: (error: unknown) => void;
  stop: () => void;
} {
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
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    interrupted: () => interrupted,
    crash: (error) =>
      controller.abort(
        new Failure({
          stage: 'preflight',
          code: 'crashed',
          message: `The gate itself failed: ${errorText(error)}.`,
          hint: 'This is a defect of the gate; report it with the log.',
          blame: 'gate',
          cause: error,
        }),
      ),
    stop: () => {
      clearTimeout(timer);
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
