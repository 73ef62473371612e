import { type ApiRequest, jsonObject, type Reply } from '../google/http.ts';
import { notPlayed } from './not-played.ts';

export interface Deployment {
  id: number;
  ref: string;
  environment: string;
  description: string;
  statuses: { state: string; description: string; environmentUrl: string; logUrl: string }[];
}

const STATES = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success'];
/** Longer ones are refused. */
const DESCRIPTION_MAX = 140;

/**
 * GitHub's deployments, as docs.github.com/rest/deployments has them: null for any other path. A new success
 * makes the earlier deployments of its environment inactive, unless `auto_inactive` says not to.
 */
export function deploymentsApi(request: ApiRequest, path: string, deployments: Deployment[]): Reply | null {
  const [, id, statuses] = /^\/deployments(?:\/(\d+)(\/statuses)?)?$/.exec(path) ?? [];
  if (!path.startsWith('/deployments') || (path !== '/deployments' && !id)) return null;
  const given = jsonObject(request.body) as Record<string, unknown> | null;
  if (!given) return problem(400, 'Problems parsing JSON');
  const found = deployments.find((one) => String(one.id) === id);
  switch (`${request.method} ${id ? (statuses ? 'statuses' : 'one') : 'all'}`) {
    case 'GET all':
      return { status: 200, body: [...deployments].reverse().map(deploymentJson) };
    case 'POST all':
      return create(given, deployments);
    case 'GET one':
      return found ? { status: 200, body: deploymentJson(found) } : problem(404, 'Not Found');
    case 'GET statuses':
      return found ? { status: 200, body: [...found.statuses].reverse() } : problem(404, 'Not Found');
    case 'POST statuses':
      return found ? addStatus(given, found, deployments) : problem(404, 'Not Found');
    default:
      return notPlayed(request);
  }
}

function create(given: Record<string, unknown>, deployments: Deployment[]): Reply {
  const { ref, environment = 'production', description = '', required_contexts: contexts } = given;
  if (typeof ref !== 'string') return problem(422, 'Invalid request.\n\n"ref" wasn\'t supplied.');
  if (String(description).length > DESCRIPTION_MAX)
    return problem(422, 'description is too long (maximum is 140 characters)');
  // Without an empty list every status check of the commit has to be green, that of the job which asks among them.
  if (!Array.isArray(contexts) || contexts.length > 0)
    return problem(409, 'Conflict: Commit status checks failed for main.');
  const deployment: Deployment = {
    id: 4_000 + deployments.length,
    ref,
    environment: String(environment),
    description: String(description),
    statuses: [],
  };
  deployments.push(deployment);
  return { status: 201, body: deploymentJson(deployment) };
}

function addStatus(given: Record<string, unknown>, deployment: Deployment, all: Deployment[]): Reply {
  const { state, description = '', environment_url: url = '', log_url: log = '', auto_inactive: auto = true } = given;
  if (!STATES.includes(String(state))) return problem(422, 'state is not included in the list');
  if (String(description).length > DESCRIPTION_MAX)
    return problem(422, 'description is too long (maximum is 140 characters)');
  const status = {
    state: String(state),
    description: String(description),
    environmentUrl: String(url),
    logUrl: String(log),
  };
  if (state === 'success' && auto !== false) {
    for (const other of all) {
      const serves = other.statuses.at(-1)?.state === 'success';
      if (other === deployment || other.environment !== deployment.environment || !serves) continue;
      other.statuses.push({ state: 'inactive', description: '', environmentUrl: '', logUrl: '' });
    }
  }
  deployment.statuses.push(status);
  return { status: 201, body: { id: deployment.statuses.length, ...given } };
}

function deploymentJson({ id, ref, environment, description }: Deployment) {
  return { id, ref, environment, description, task: 'deploy', payload: {} };
}

function problem(status: number, message: string): Reply {
  return { status, body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) } };
}
