import { createHash } from 'node:crypto';
import { gateSource, runIdentity } from '../clients/runner/identity.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { VERSION } from '../lib/version.ts';
import { emptyReport } from '../report/fold.ts';
import type { Report, RunIdentity } from '../report/model.ts';

/** The report of a run that has learned nothing yet. */
export function firstReport(inputs: Inputs, env: Readonly<Record<string, string | undefined>>): Report {
  return emptyReport({
    version: VERSION,
    source: gateSource(env),
    run: runIdentity(env, { pullRequest: inputs.prNumber, headSha: inputs.headSha }),
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

/** Distinguishes runs, and the legs of a matrix, in names and marks of objects: lower case, at most 40 characters. */
export function runKeyOf({ id, attempt, job }: RunIdentity, inputs: Inputs): string {
  const leg = [job, inputs.commentId, inputs.cluster, inputs.nodePool, inputs.namespace].join('/');
  const hash = createHash('sha256').update(leg).digest('hex').slice(0, 6);
  return `${id}-${attempt}-${hash}`
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(-40)
    .replace(/^-+/, '');
}
