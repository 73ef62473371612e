import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lineFile } from '../../../../src/clients/files/line-file.ts';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { collectEvidence } from '../../../../src/diagnosis/collect.ts';
import { explain } from '../../../../src/diagnosis/explain.ts';
import { pageModel } from '../../../../src/history/page/model.ts';
import { renderPage } from '../../../../src/history/page/view.ts';
import { rawResultLines } from '../../../../src/load/raw-results.ts';
import { type MeasuredBlock, measureBlock, summarizeArm, summarizeClient } from '../../../../src/load/summary.ts';
import type { RequestRecord } from '../../../../src/load/types.ts';
import { renderComment } from '../../../../src/report/comment/comment.ts';
import { resultFiles } from '../../../../src/report/formats/registry.ts';
import { atReady } from '../../../unit/diagnosis/evidence.ts';
import { someNights } from '../../../unit/history/page/nights.ts';
import { reportOf } from './report.ts';
import type { Growing } from './sizes.ts';

/** Makes what is needed for a size; the pass itself does the work that is measured, and returns the characters written. */
type Prepare = (size: number) => () => Promise<number>;

export const PASSES: Readonly<Record<Growing, Prepare>> = {
  replicas(size) {
    const report = reportOf(size);
    return async () => {
      for (const [, text] of resultFiles(report, { commentId: 'gate' }))
        if (text === '') throw new Error('an empty file');
      return renderComment(report, { id: 'gate', reportLinks: { run: report.run.url } }).length;
    };
  },
  pods: (size) => explained({ Pod: Array.from({ length: size }, (_, index) => pod(index)) }),
  events: (size) => explained({ Pod: [pod(0)], Event: Array.from({ length: size }, (_, index) => event(index)) }),
  nights(size) {
    const nights = someNights(size);
    return async () => renderPage([pageModel('default', nights)], { script: '', style: '' }).length;
  },
  requests: (size) => () => measured(size),
};

/** Collects the evidence of a cluster that has these objects, and explains it. */
function explained(lists: Readonly<Record<string, KubeObject[]>>): () => Promise<number> {
  const kube = {
    list: async (_apiVersion: string, kind: string) => lists[kind] ?? [],
    get: async () => null,
    versionsOf: async () => [],
    canI: async () => false,
    logs: async () => 'loading\nstill loading\n',
  } as unknown as KubeClient;
  return async () => {
    const cluster = await collectEvidence({
      ...{ kube, gke: null, namespace: 'ns', nodePool: 'v6e', gateway: null, gatewayCounters: null },
      service: { apiVersion: 'serving.kserve.io/v1alpha1', name: 'qwen', namespace: 'ns' },
      limitMs: 600_000,
    });
    return JSON.stringify([cluster, explain({ ...atReady({}), cluster })]).length;
  };
}

function pod(index: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `qwen-kserve-${index}`,
      namespace: 'ns',
      labels: { 'app.kubernetes.io/name': 'qwen', 'kserve.io/component': 'workload' },
    },
    spec: { nodeName: `node-${index}`, containers: [{ name: 'main', image: 'vllm', args: ['--port=8000'] }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [{ name: 'main', ready: false, restartCount: 0, state: { running: {} } }],
    },
  };
}

function event(index: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `qwen.${index}`, namespace: 'ns' },
    ...{ type: 'Warning', reason: 'Unhealthy', message: 'Readiness probe failed: HTTP probe failed: 503', count: 1 },
    involvedObject: { kind: 'Pod', name: `qwen-kserve-${index % 64}`, namespace: 'ns' },
    lastTimestamp: new Date(1_700_000_000_000 + 7_919 * (index % 1_009)).toISOString(),
  };
}

/** Requests of one block. */
const BLOCK = 10_000;
const IN_FLIGHT = 64;

/**
 * Measures blocks as they come from the load client, writes each block's requests to disk, and sums all up. Returns the
 * characters of the file.
 */
async function measured(size: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'growth-'));
  try {
    const file = lineFile(folder, 'requests.jsonl');
    const blocks: MeasuredBlock[] = [];
    for (let block = 0; block * BLOCK < size; block += 1) {
      const records = recordsOf(block, Math.min(BLOCK, size - block * BLOCK));
      const taken = measureBlock(blockOf(block, records), 100);
      await file.append([...rawResultLines(records, 0)].join(''));
      blocks.push({ ...taken, run: { ...taken.run, records: [] } });
    }
    const { figures } = summarizeArm(blocks);
    const client = summarizeClient(blocks);
    if (figures.requests !== size || !(client.sendLagP99Ms >= 0)) throw new Error(`${figures.requests} of ${size}`);
    await file.finish();
    return (await stat(join(folder, 'requests.jsonl'))).size;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function blockOf(block: number, records: RequestRecord[]) {
  const self = { eventLoopUtilization: 0.3, stalledMs: 0, cpuMs: 0.03 * records.length };
  const endMs = records.at(-1)?.endMs ?? 0;
  return {
    ...{ arm: 'all' as const, block, concurrency: IN_FLIGHT, startMs: 0, stopMs: endMs, drainedMs: endMs },
    ...{ records, self, ended: 'complete' as const },
  };
}

function recordsOf(block: number, count: number): RequestRecord[] {
  return Array.from({ length: count }, (_, index): RequestRecord => {
    const intendedMs = index / 10;
    const tookMs = 6.4 + ((index * 7_919 + block * 104_729) % 10_007) / 10_007;
    return {
      ...{ arm: 'all', block, intendedMs, sentMs: intendedMs + 0.01, firstByteMs: intendedMs + tookMs - 0.1 },
      ...{ firstTokenMs: null, lastTokenMs: null, endMs: intendedMs + tookMs, status: 200, valid: true },
      ...{ errorKind: null, errorText: null, promptTokens: 640, completionTokens: 16, cachedTokens: 0 },
      ...{ bodyBytes: 3_100, textChars: 80, pickerHeader: true },
    };
  });
}
