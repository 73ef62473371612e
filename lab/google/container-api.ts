import type { GcpConfig, GcpRecord } from '../protocol.ts';
import { verifyToken } from '../tokens.ts';
import { clusterJson, nodePoolJson, operationJson, serverConfigJson } from './container-json.ts';
import { googleError, notPlayed, permissionDenied, unauthenticated } from './errors.ts';
import { type ApiRequest, bearer, jsonObject, type Reply } from './http.ts';
import type { Autoscaling, NodePool } from './node-pool.ts';
import type { Operation, Operations } from './operations.ts';
import { intField, messageField, unknownField } from './proto-json.ts';

export interface ContainerState {
  config: GcpConfig;
  operations: Operations;
  pool: NodePool;
  /** When the cluster was made, ISO. */
  createTime: string;
  resizes: GcpRecord['resizes'];
}

interface Call {
  /** Resource path below the location, `clusters/C/nodePools/N`; no leading slash. */
  resource: string;
  request: ApiRequest;
}

const NAME_FIELDS = ['name', 'projectId', 'zone', 'clusterId', 'nodePoolId'];

interface Route {
  permission: string;
  answer: (call: Call, state: ContainerState) => Reply;
}

/** By method, resource path with `*` for every id, and custom method. */
const ROUTES: Record<string, Route> = {
  'GET serverConfig': {
    permission: 'container.clusters.list',
    answer: () => ({ status: 200, body: serverConfigJson() }),
  },
  'GET clusters': {
    permission: 'container.clusters.list',
    answer: (_call, { config, pool, createTime }) => ({
      status: 200,
      body: { clusters: [clusterJson(config, pool, createTime)] },
    }),
  },
  'GET clusters/*': {
    permission: 'container.clusters.get',
    answer: (_call, { config, pool, createTime }) => ({ status: 200, body: clusterJson(config, pool, createTime) }),
  },
  'GET clusters/*/nodePools': {
    permission: 'container.clusters.get',
    answer: (_call, { config, pool }) => ({ status: 200, body: { nodePools: [nodePoolJson(config, pool)] } }),
  },
  'GET clusters/*/nodePools/*': {
    permission: 'container.clusters.get',
    answer: (_call, { config, pool }) => ({ status: 200, body: nodePoolJson(config, pool) }),
  },
  'POST clusters/*/nodePools/*:setSize': { permission: 'container.clusters.update', answer: setSize },
  'POST clusters/*/nodePools/*:setAutoscaling': { permission: 'container.clusters.update', answer: setAutoscaling },
  'GET operations': {
    permission: 'container.operations.list',
    answer: (_call, { config, operations }) => {
      const all = operations.list().map((operation) => operationJson(config, operation));
      return { status: 200, body: all.length > 0 ? { operations: all } : {} };
    },
  },
  'GET operations/*': {
    permission: 'container.operations.get',
    answer: ({ resource }, { config, operations }) => ({
      status: 200,
      body: operationJson(config, operations.get(lastSegment(resource)) as Operation),
    }),
  },
  'POST operations/*:cancel': { permission: 'container.operations.get', answer: cancel },
};

/** A path with `*` for every id. */
export function shapeOf(path: string): string {
  return path.replace(/(clusters|nodePools|operations)\/[^/:]+/g, '$1/*');
}

/**
 * The part of the Container API v1 that a resize needs. Facts: `google/container/v1/cluster_service.proto` (paths,
 * fields, "nodeCount" and its zero default); error texts from public reports. Returns null for other paths.
 */
export function containerApi(request: ApiRequest, state: ContainerState): Reply | null {
  const match = /^\/v1\/projects\/([^/]+)\/(?:locations|zones)\/([^/]+)\/([^:]+?)(?::(\w+))?$/.exec(request.path);
  if (!match) return null;
  const [, project = '', location = '', resource = '', verb = ''] = match;
  const { config } = state;
  const token = bearer(request);
  const caller = token === undefined ? null : verifyToken(config.tokenSecret, token, Date.now());
  if (!caller) return unauthenticated(token !== undefined, 'container.googleapis.com');
  const shape = shapeOf(resource + (verb && `:${verb}`));
  const route = ROUTES[`${request.method} ${shape}`];
  const fullName = `projects/${project}/locations/${location}/${resource}`;
  if (!route) return notPlayed(request);
  if (project !== config.project && project !== config.projectNumber)
    return permissionDenied(route.permission, shape.includes('*') ? fullName : `projects/${project}`);
  const everywhere = location === '-' && request.method === 'GET' && !shape.includes('*');
  if (location !== config.location && !everywhere) {
    return shape.includes('*')
      ? notFound(fullName)
      : googleError('INVALID_ARGUMENT', `Location "${location}" does not exist.`);
  }
  // IAM is asked about the cluster, before anybody looks for what is in it.
  const inCluster = resource.startsWith(`clusters/${config.cluster}/`);
  const isReader = config.accounts?.[caller.subject]?.readOnly === true;
  const denied =
    config.scenario.gcp.denied === route.permission || (isReader && !/\.(?:get|list)$/.test(route.permission));
  if (inCluster && denied) return permissionDenied(route.permission, fullName);
  if (!exists(resource, state)) return notFound(fullName);
  if (denied) return permissionDenied(route.permission, fullName);
  return route.answer({ resource, request }, state);
}

function setSize({ request }: Call, { config, pool, resizes }: ContainerState): Reply {
  const body = jsonObject(request.body);
  if (!body) return invalidJson('Expected an object.');
  const unknown = unknownField(body, [...NAME_FIELDS, 'nodeCount']);
  if (unknown !== undefined) return invalidJson(`Unknown name "${unknown}": Cannot find field.`);
  // A plain proto3 int32: a request that forgets it asks for 0.
  const nodeCount = intField(body, 'nodeCount');
  if (nodeCount === undefined) return invalidJson("Invalid value at 'node_count' (TYPE_INT32).");
  if (nodeCount < 0) return googleError('INVALID_ARGUMENT', 'Node count must be greater than or equal to zero.');
  const outcome = pool.setSize(nodeCount);
  if ('blockedBy' in outcome) return incompatible(outcome.blockedBy, config);
  resizes.push({ at: Date.now(), pool: config.nodePool.name, nodeCount, operation: outcome.started.name });
  return { status: 200, body: operationJson(config, outcome.started) };
}

function setAutoscaling({ request }: Call, { config, pool }: ContainerState): Reply {
  const body = jsonObject(request.body);
  if (!body) return invalidJson('Expected an object.');
  const unknown = unknownField(body, [...NAME_FIELDS, 'autoscaling']);
  if (unknown !== undefined) return invalidJson(`Unknown name "${unknown}": Cannot find field.`);
  const wanted = messageField(body, 'autoscaling');
  if (!wanted) return googleError('INVALID_ARGUMENT', 'Autoscaling must be specified.');
  const outcome = pool.setAutoscaling(wanted as Autoscaling);
  if ('blockedBy' in outcome) return incompatible(outcome.blockedBy, config);
  return { status: 200, body: operationJson(config, outcome.started) };
}

/** Best effort by its documentation; only node upgrades are said to be cancellable, so a resize is not. */
function cancel({ resource }: Call, { operations }: ContainerState): Reply {
  const operation = operations.get(lastSegment(resource)) as Operation;
  const why = operation.status === 'DONE' ? 'is already done' : `of type ${operation.type} cannot be cancelled`;
  return googleError('FAILED_PRECONDITION', `Operation ${operation.name} ${why}.`);
}

function exists(resource: string, { config, operations }: ContainerState): boolean {
  const [collection, id, inner, innerId] = resource.split('/');
  if (id === undefined) return true;
  if (collection === 'operations') return operations.get(id) !== undefined;
  if (id !== config.cluster) return false;
  return inner === undefined || innerId === undefined || innerId === config.nodePool.name;
}

/** The three texts of Google's page on concurrent operations; ours is the first where nobody else is in the way. */
function incompatible(blocker: Operation, { scenario, cluster }: GcpConfig): Reply {
  const texts = {
    incompatible: `Cluster is running incompatible operation ${blocker.name}.`,
    'being-changed': 'Cluster is currently being created, deleted, updated or repaired and cannot be updated.',
    'is-currently': `Operation ${blocker.name} is currently upgrading cluster ${cluster}. Please wait and try again once it is done.`,
  };
  const says = blocker.type === scenario.gcp.foreign?.type ? scenario.gcp.foreign.says : 'incompatible';
  return googleError('FAILED_PRECONDITION', texts[says], {
    reason: 'CLUSTER_ALREADY_HAS_OPERATION',
    domain: 'container.googleapis.com',
  });
}

function invalidJson(what: string): Reply {
  return googleError('INVALID_ARGUMENT', `Invalid JSON payload received. ${what}`);
}

function notFound(fullName: string): Reply {
  return googleError('NOT_FOUND', `Not found: ${fullName}.`);
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
