import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, isAbort } from '../errors.ts';
import type { KubeObject } from '../protocol.ts';
import type { RealApi } from './real-api.ts';

export interface Seen {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
}

const AGAIN_MS = 200;

/**
 * Lists a collection and follows it until the signal: what changed comes to `onSeen` in order, once, and again as a
 * whole after the watch's history has run out. Resolves when the first list has been told.
 */
export async function follow(
  api: RealApi,
  path: string,
  kind: { apiVersion: string; kind: string },
  handlers: { onList(objects: KubeObject[]): void; onSeen(seen: Seen): void },
  signal: AbortSignal,
): Promise<void> {
  const list = async (): Promise<string> => {
    const { status, body } = await api.ask('GET', path);
    if (status !== 200) throw new Error(`list of ${path}: HTTP ${status}: ${JSON.stringify(body)}`);
    handlers.onList((body.items as KubeObject[]).map((item) => ({ ...item, ...kind })));
    return body.metadata.resourceVersion as string;
  };
  let version: string | null = await list();
  const loop = async () => {
    while (!signal.aborted) {
      try {
        version ??= await list();
        const query: string = new URLSearchParams({
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: version,
        }).toString();
        for await (const event of api.stream(`${path}?${query}`, signal)) {
          if (event.type === 'ERROR') {
            // The history no longer reaches back that far.
            version = null;
            break;
          }
          version = event.object.metadata.resourceVersion as string;
          if (event.type !== 'BOOKMARK') handlers.onSeen({ type: event.type, object: event.object });
        }
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        process.stderr.write(`lab: watch of ${path}: ${errorText(error)}\n`);
        version = null;
      }
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  };
  void loop();
}
