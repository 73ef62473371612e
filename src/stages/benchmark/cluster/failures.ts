import { Failure } from '../../../lib/failure.ts';
import { LATE_MS, type ShardMessage } from '../../../load/shard/messages.ts';

/** More load clients than this are a mistake, or a stack that one gateway does not carry. */
export const MOST_SHARDS = 32;

/** Which load clients have not reported, for a reader. */
export function missingText(messages: readonly (ShardMessage | null)[]): string {
  const missing = messages.flatMap((message, shard) => (message === null ? [shard] : []));
  return `no report of load client ${missing.join(', ')}`;
}

/** Throws a Failure where one of the messages is an error. */
export function refuseErrors(messages: readonly (ShardMessage | null)[]): void {
  const failed = messages.find((message) => message?.kind === 'error');
  if (failed?.kind !== 'error') return;
  throw new Failure({
    ...{ stage: 'benchmark', code: 'load-client-failed' },
    message: `A load client in the cluster failed: ${failed.message.slice(0, 300)}`,
    hint: 'Look at the logs of the pods of the Job tpu-serving-gate-load.',
  });
}

export function notReady(namespace: string, seen: string): Failure {
  return new Failure({
    ...{ stage: 'benchmark', code: 'load-clients-not-ready' },
    message: `The load clients in ${namespace} did not become ready; last seen: ${seen}.`,
    hint: 'Look at the events of the Job tpu-serving-gate-load and its pods: image, quota, admission, a queue without room, or a NetworkPolicy between them and the API server.',
  });
}

export function clocksUnknown(unsureMs: number): Failure {
  return new Failure({
    ...{ stage: 'benchmark', code: 'load-clocks-unknown' },
    message: `The clocks of the load clients are known to ${unsureMs.toFixed(0)} ms only, and blocks start together to ${LATE_MS} ms.`,
    hint: 'The API server answers slowly. Try again, or measure with "load-from: runner".',
  });
}

export function shardMissing(seen: string): Failure {
  return new Failure({
    ...{ stage: 'benchmark', code: 'load-client-missing' },
    message: `A block does not count: ${seen}.`,
    hint: 'A pod of the Job tpu-serving-gate-load has ended or cannot reach the API server. Look at its events.',
  });
}

export function tooFast(rate: number, ceiling: number, wanted: number): Failure {
  return new Failure({
    ...{ stage: 'benchmark', code: 'load-ceiling' },
    message: `${rate.toFixed(0)} req/s would need ${wanted} load clients of ${ceiling.toFixed(0)} req/s each, and ${MOST_SHARDS} are the most.`,
    hint: 'Give the requests more tokens, or measure fewer replicas.',
  });
}
