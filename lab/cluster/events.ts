import { createHash } from 'node:crypto';
import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { nowIso } from './objects.ts';
import { EVENTS } from './resources.ts';

/** Records an Event about an object; the same reason and message again raises its count, as the real recorder does. */
export type RecordEvent = (
  about: KubeObject,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
  options?: { fieldPath?: string; host?: string },
) => void;

export function createRecorder(store: Store, component: string): RecordEvent {
  return (about, type, reason, message, options = {}) => {
    const namespace = about.metadata.namespace ?? 'default';
    const identity = [component, about.metadata.uid, options.fieldPath, type, reason, message].join('\u0000');
    const name = `${about.metadata.name}.${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
    const now = nowIso();
    const seen = store.get(EVENTS, namespace, name);
    if (seen) {
      store.update(EVENTS, { ...seen, count: seen.count + 1, lastTimestamp: now });
      return;
    }
    store.create(EVENTS, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name: about.metadata.name,
        ...(about.metadata.namespace === undefined ? {} : { namespace: about.metadata.namespace }),
        uid: about.metadata.uid,
        ...(options.fieldPath === undefined ? {} : { fieldPath: options.fieldPath }),
      },
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      eventTime: null,
      source: { component, ...(options.host === undefined ? {} : { host: options.host }) },
      reportingComponent: component,
      reportingInstance: options.host ?? '',
    });
  };
}
