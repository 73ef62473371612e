import type { KubeObject } from '../protocol.ts';
import type { Matcher } from './selectors.ts';
import { gone } from './status.ts';
import type { ResourceKey, Store, StoreEvent } from './store.ts';
import type { JsonObject } from './types.ts';

export interface WatchRequest {
  key: ResourceKey;
  namespace: string;
  matches: Matcher;
  /** '' or '0': start with the objects there are. */
  resourceVersion: string;
  sendInitialEvents: boolean;
  allowBookmarks: boolean;
  /** Seconds until the server ends the watch. */
  timeoutSeconds: number;
  /** The object as answered: at the watch's version, as a table row, … */
  present(object: KubeObject): JsonObject;
  bookmark(resourceVersion: number, annotations?: Record<string, string>): JsonObject;
}

const BOOKMARK_MS = 60_000;

/**
 * Sends events through `send` until the time is up, the caller stops it or `end` has been called; returns the stop.
 * A resourceVersion older than the history gives one ERROR event with a 410, as the API server's watch cache does.
 */
export function startWatch(
  store: Store,
  request: WatchRequest,
  send: (event: { type: string; object: unknown }) => void,
  end: () => void,
): () => void {
  const { matches, present, key } = request;
  const fromNow = request.resourceVersion === '' || request.resourceVersion === '0' || request.sendInitialEvents;
  const relay = (event: StoreEvent) => {
    if (event.resource.plural !== key.plural || event.resource.group !== key.group) return;
    if (request.namespace && event.object.metadata.namespace !== request.namespace) return;
    const { before } = event;
    const was = event.type !== 'ADDED' && (before ? matches(before) : matches(event.object));
    const is = event.type !== 'DELETED' && matches(event.object);
    if (was && is) send({ type: 'MODIFIED', object: present(event.object) });
    else if (is) send({ type: 'ADDED', object: present(event.object) });
    else if (was) send({ type: 'DELETED', object: present(lastSeen(event, before)) });
  };
  if (fromNow) {
    for (const object of store.list(key, request.namespace || undefined)) {
      if (matches(object)) send({ type: 'ADDED', object: present(object) });
    }
    // Also where the list was not asked for in words: that is how watches began before sendInitialEvents.
    if (request.allowBookmarks) {
      const annotations = { 'k8s.io/initial-events-end': 'true' };
      send({ type: 'BOOKMARK', object: request.bookmark(store.revision(), annotations) });
    }
  } else {
    const missed = store.since(Number(request.resourceVersion));
    if (missed === null) {
      const text = `too old resource version: ${request.resourceVersion} (${store.revision()})`;
      send({ type: 'ERROR', object: gone(text).status });
      end();
      return () => {};
    }
    for (const event of missed) relay(event);
  }
  const unsubscribe = store.subscribe(relay);
  const bookmark = () => {
    if (request.allowBookmarks) send({ type: 'BOOKMARK', object: request.bookmark(store.revision()) });
  };
  const interval = setInterval(bookmark, BOOKMARK_MS);
  const timeout = setTimeout(() => {
    stop();
    end();
  }, request.timeoutSeconds * 1_000);
  const stop = () => {
    unsubscribe();
    clearInterval(interval);
    clearTimeout(timeout);
  };
  return stop;
}

/** An object that left the selection is sent in its last selected state, at the new revision. */
function lastSeen(event: StoreEvent, before: KubeObject | undefined): KubeObject {
  if (event.type === 'DELETED' || !before) return event.object;
  return { ...before, metadata: { ...before.metadata, resourceVersion: String(event.resourceVersion) } };
}
