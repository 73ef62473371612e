import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { KubeObject } from '../protocol.ts';
import type { Api, Call } from './api.ts';
import type { ResourceRoute } from './routes.ts';
import { badRequest, notImplemented } from './status.ts';
import type { JsonObject } from './types.ts';
import { liveObject } from './verbs.ts';

const POLL_MS = 200;

/** `pods/NAME/log`: the text of one container, followed until it ends with `follow=true`. */
export async function podLog(api: Api, call: Call, route: ResourceRoute, response: ServerResponse): Promise<void> {
  const { query } = call;
  const pod = liveObject(api, route);
  const container = containerOf(pod, query.get('container') ?? '');
  // A source gives text without the time of each line, and made-up times would be read as evidence.
  if (query.get('timestamps') === 'true') throw notImplemented('timestamps in logs');
  const seconds = query.get('sinceSeconds');
  const sinceTime = seconds ? new Date(Date.now() - Number(seconds) * 1_000).toISOString() : query.get('sinceTime');
  const previous = query.get('previous') === 'true';
  const tail = query.get('tailLines');
  const base = { ...(previous ? { previous } : {}), ...(sinceTime ? { sinceTime } : {}) };
  const read = (tailLines?: number) =>
    api.logs(route.namespace, route.name, container, tailLines === undefined ? base : { ...base, tailLines });

  // No node has it yet, so there is nobody to ask.
  if (!pod.spec?.nodeName) {
    response.writeHead(204).end();
    return;
  }
  const first = read(tail === null ? undefined : Number(tail));
  if (first === null) throw missing(pod, container, previous);
  const limit = query.get('limitBytes');
  response.writeHead(200, { 'content-type': 'text/plain' });
  if (query.get('follow') !== 'true') {
    response.end(limit === null ? first : Buffer.from(first).subarray(0, Number(limit)));
    return;
  }
  response.write(first);
  await follow(api, pod, container, () => read() ?? '', response);
}

/** Sends what is appended until the container or the pod ends, the client leaves or the server closes. */
async function follow(
  api: Api,
  pod: KubeObject,
  container: string,
  read: () => string,
  response: ServerResponse,
): Promise<void> {
  let sent = read().length;
  const { namespace, name, uid } = pod.metadata;
  while (!response.destroyed && !api.closing.aborted) {
    const current = api.store.get({ group: '', plural: 'pods' }, namespace, name);
    const text = read();
    if (text.length > sent && !response.write(text.slice(sent))) await once(response, 'drain').catch(() => {});
    sent = text.length;
    if (current?.metadata.uid !== uid || statusOf(current as KubeObject, container)?.state?.terminated) break;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  response.end();
}

const named = (containers: JsonObject[] = []): string[] => containers.map((each) => each.name);

function containerOf({ spec, metadata }: KubeObject, wanted: string): string {
  const [main, inits] = [named(spec?.containers), named(spec?.initContainers)];
  if (wanted) {
    if ([...main, ...inits, ...named(spec?.ephemeralContainers)].includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${metadata.name}`);
  }
  if (main.length === 1) return main[0] as string;
  const choose = `choose one of: [${main.join(' ')}]`;
  const init = inits.length > 0 ? ` or one of the init containers: [${inits.join(' ')}]` : '';
  throw badRequest(`a container name must be specified for pod ${metadata.name}, ${choose}${init}`);
}

function statusOf({ status }: KubeObject, container: string): JsonObject | undefined {
  const all: JsonObject[] = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return all.find((each) => each.name === container);
}

function missing(pod: KubeObject, container: string, previous: boolean) {
  const { name } = pod.metadata;
  if (previous) return badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
  const reason = statusOf(pod, container)?.state?.waiting?.reason;
  if (reason) {
    const isPull = reason === 'ErrImagePull' || reason === 'ImagePullBackOff';
    const waits = isPull ? `trying and failing to pull image` : reason;
    return badRequest(`container "${container}" in pod "${name}" is waiting to start: ${waits}`);
  }
  return badRequest(`container "${container}" in pod "${name}" is not available`);
}
