import { createGithubDeployments, type GithubDeployments } from '../clients/github/deployments.ts';
import { timerWait } from '../clients/github/retry.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { adviceText } from '../lib/failure.ts';
import { deadline } from '../lib/poll.ts';
import { VERDICTS } from '../lib/verdicts.ts';
import type { Emit } from '../progress/events.ts';
import type { Report } from '../report/model.ts';
import type { Kept, LeaseState } from '../stages/context.ts';

export type DeploymentRef = NonNullable<Kept['deployment']>;

/** `I`: which inputs a function needs beside the token. */
interface Announcing<I extends keyof Inputs = never> {
  inputs: Pick<Inputs, 'githubToken' | I>;
  env: Readonly<Record<string, string | undefined>>;
  emit: Emit;
}

const LIMIT_MS = 20_000;

/**
 * Tells GitHub that a stack that is to stay is being deployed. Null where GitHub cannot be reached, which is no failure: what is
 * deployed does not depend on what is said of it.
 */
export async function announceDeployment(
  report: Report,
  context: Announcing<'environment'>,
): Promise<DeploymentRef | null> {
  const { inputs, emit } = context;
  const { repository, sha, ref, url } = report.run;
  const at = sha ?? ref;
  if (inputs.environment === '' || !repository || !at || inputs.githubToken === '') return null;
  try {
    const github = clientFor(repository, context);
    const { service, replicas } = report.plan;
    const description = `${service ?? 'the stack'}, ${replicas ?? '?'} replicas, by ${report.mode}`;
    const id = await github.create({ ref: at, environment: inputs.environment, description });
    await github.setState(id, { state: 'in_progress', description, logUrl: url, environmentUrl: null });
    return { repository, id };
  } catch (error) {
    emit({ type: 'warning', text: `the deployment was not announced: ${adviceText(error)}` });
    return null;
  }
}

/** Tells GitHub how it ended: where the stack answers if it stays, that nothing serves if it does not. */
export async function concludeDeployment(
  ref: DeploymentRef | null,
  report: Report,
  context: Announcing,
): Promise<void> {
  if (!ref) return;
  const kept = report.release?.outcome === 'kept';
  const state = kept ? 'success' : VERDICTS[report.verdict].deployment;
  // Of the nodes only what is known.
  const nodes = report.release?.message ?? '';
  const description = kept ? nodes : `${report.reasons[0] ?? 'No result.'} ${nodes}`.trim();
  await setState(ref, context, {
    state,
    description,
    logUrl: report.run.url,
    environmentUrl: kept ? report.environment.endpoint : null,
  });
}

/** Tells GitHub that a stack that was kept has gone. */
export async function retireDeployment({ kept }: LeaseState, context: Announcing): Promise<void> {
  if (!kept?.deployment || context.inputs.githubToken === '') return;
  await setState(kept.deployment, context, {
    state: 'inactive',
    description: 'The stack was removed and its nodes were released.',
    logUrl: null,
    environmentUrl: null,
  });
}

async function setState(
  { repository, id }: DeploymentRef,
  context: Announcing,
  status: Parameters<GithubDeployments['setState']>[1],
): Promise<void> {
  try {
    await clientFor(repository, context).setState(id, status);
  } catch (error) {
    context.emit({ type: 'warning', text: `deployment ${id} was not updated: ${adviceText(error)}` });
  }
}

function clientFor(repository: string, { inputs, env }: Announcing): GithubDeployments {
  return createGithubDeployments({
    token: inputs.githubToken,
    repository,
    apiUrl: env.GITHUB_API_URL,
    signal: deadline(new AbortController().signal, LIMIT_MS),
    wait: timerWait,
  });
}
