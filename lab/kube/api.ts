import type { Registry } from './resources.ts';
import type { Store } from './store.ts';

/** Log text of a container; null when the source does not know the container. */
export type LogSource = (
  namespace: string,
  pod: string,
  container: string,
  options: { tailLines?: number; previous?: boolean; sinceTime?: string },
) => string | null;

/** Where a pod's port can be reached on this machine; null when nothing listens there. */
export type PodProxyTarget = (namespace: string, pod: string, port: number) => { host: string; port: number } | null;

/** A rule that refuses; `*` matches anything, an empty group is the core group. */
export interface DenyRule {
  verb: string;
  group: string;
  /** Plural, or `plural/subresource`. */
  resource: string;
}

/** What every handler works with. */
export interface Api {
  store: Store;
  registry: Registry;
  logs: LogSource;
  podProxy: PodProxyTarget;
  denied: DenyRule[];
  /** Users who may only read. */
  readers: readonly string[];
  /** Who ends a bound pod: the kubelet after the grace period, or the API server at once. */
  podDeletion: 'graceful' | 'immediate';
  /** e.g. `v1.32.4-gke.1106006`. */
  gitVersion: string;
  /** The user of a bearer token; null when it is not valid. */
  userOf(token: string): string | null;
  /** Aborted when the server closes: ends watches and followed logs. */
  closing: AbortSignal;
}

/** One request, its body read. */
export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  header(name: string): string;
  body: Buffer;
  user: string;
  userAgent: string;
  /** Texts of `Warning: 299` headers of the answer. */
  warnings: string[];
}

/** Options of a write, from its query. */
export interface WriteOptions {
  manager: string;
  dryRun: boolean;
  fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  subresource: string;
  /** Paths of fields that the body gives more than once. */
  duplicates: string[];
  warnings: string[];
}

/** RFC 3339 in whole seconds, as object metadata has it. */
export const timestamp = (date = new Date()): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
