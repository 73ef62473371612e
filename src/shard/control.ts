import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { PLAN_MAP, REPORTS_MAP, reportKey, type ShardMessage } from '../load/shard/messages.ts';

/** How a load client in the cluster reaches the API server. */
export interface ControlOptions {
  /** `https://10.0.0.1:443`. */
  server: string;
  /** Folder with `token`, `ca.crt` and `namespace`. */
  account: string;
  shard: number;
}

type Data = Record<string, string>;

interface PlanMap {
  data?: Data;
  metadata: { uid: string; resourceVersion: string };
}

export interface Control {
  /**
   * Calls `onData` with the plan's ConfigMap as it is and at each change. Resolves when that ConfigMap is gone, or another
   * Job has made one of its name, or `signal` aborts. Bears outages.
   */
  watch(onData: (data: Data) => void, signal: AbortSignal): Promise<void>;
  /**
   * Writes this load client's newest message. Returns false when the ConfigMap of the messages is gone, which ends the work
   * of its Job. Throws after a minute of other refusals.
   */
  post(message: ShardMessage): Promise<boolean>;
  close(): Promise<void>;
}

const RETRY_MS = 500;
const POST_LIMIT_MS = 60_000;

/** A 404 of the API server's own; one of somebody before it is an outage. */
function isGone(status: number, body: string): boolean {
  return status === 404 && /"reason":\s*"NotFound"/.test(body);
}

/** The two ConfigMaps through which the gate and its load clients reach each other. */
export function createControl({ server, account, shard }: ControlOptions): Control {
  const file = (name: string) => readFileSync(join(account, name), 'utf8').trim();
  const base = `/api/v1/namespaces/${file('namespace')}/configmaps`;
  const client = new Client(server, {
    allowH2: false,
    pipelining: 1,
    ...(server.startsWith('https:') ? { connect: { ca: file('ca.crt') } } : {}),
  });
  const stream = new Client(server, {
    allowH2: false,
    bodyTimeout: 0,
    ...(server.startsWith('https:') ? { connect: { ca: file('ca.crt') } } : {}),
  });
  // The kubelet renews the token while the pod lives.
  const headers = (more: Record<string, string> = {}) => ({ authorization: `Bearer ${file('token')}`, ...more });

  const read = async (): Promise<PlanMap | null> => {
    const path = `${base}/${PLAN_MAP}`;
    const { statusCode, body } = await client.request({ method: 'GET', path, headers: headers() });
    const text = await body.text();
    if (isGone(statusCode, text)) return null;
    if (statusCode !== 200) throw new Error(`GET ${path}: HTTP ${statusCode}`);
    return JSON.parse(text) as PlanMap;
  };

  /** Follows the changes for as long as the stream lasts. Returns whether the ConfigMap was deleted. */
  const follow = async (from: string, onData: (data: Data) => void, signal: AbortSignal): Promise<boolean> => {
    const query = new URLSearchParams({
      ...{ watch: '1', resourceVersion: from, timeoutSeconds: '300' },
      fieldSelector: `metadata.name=${PLAN_MAP}`,
    });
    const { statusCode, body } = await stream.request({
      ...{ method: 'GET', path: `${base}?${query}`, headers: headers(), signal },
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`watch: HTTP ${statusCode}`);
    }
    let rest = '';
    for await (const chunk of body.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((each) => each.trim() !== '')) {
        const { type, object } = JSON.parse(line) as { type: string; object: { data?: Data } };
        if (type === 'ERROR') return false;
        if (type === 'DELETED') return true;
        onData(object.data ?? {});
      }
    }
    return false;
  };

  return {
    async watch(onData, signal) {
      let uid: string | null = null;
      while (!signal.aborted) {
        try {
          const found: PlanMap | null = await read();
          // A stream that breaks while the Job is deleted shows no deletion: the next look finds nothing, or another Job's.
          if (uid !== null && found?.metadata.uid !== uid) return;
          if (found) {
            uid = found.metadata.uid;
            onData(found.data ?? {});
            if (!signal.aborted && (await follow(found.metadata.resourceVersion, onData, signal))) return;
          } else await sleep(RETRY_MS, undefined, { signal });
        } catch {
          // An outage passes, or the Job's deadline ends this process.
          if (!signal.aborted) await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
        }
      }
    },
    async post(message) {
      const path = `${base}/${REPORTS_MAP}`;
      const body = JSON.stringify({ data: { [reportKey(shard)]: JSON.stringify(message) } });
      const limit = performance.now() + POST_LIMIT_MS;
      for (;;) {
        try {
          const type = { 'content-type': 'application/merge-patch+json' };
          const response = await client.request({ method: 'PATCH', path, headers: headers(type), body });
          const text = await response.body.text();
          if (response.statusCode === 200) return true;
          if (isGone(response.statusCode, text)) return false;
          throw new Error(`PATCH ${path}: HTTP ${response.statusCode}`);
        } catch (error) {
          if (performance.now() > limit) throw error;
          await sleep(RETRY_MS);
        }
      }
    },
    close: async () => {
      await Promise.all([client.destroy(), stream.destroy()]);
    },
  };
}
