import { digestOf } from '../report/digest.ts';
import type { Benchmark, Report } from '../report/model.ts';
import type { HistoryRecord } from './record.ts';
import { fingerprint, short } from './short.ts';

/**
 * Version of what the figures mean. Raise it when a change of the gate moves them: records of another version are another
 * series.
 */
const METHOD_VERSION = 1;
/** Code points of a name or a version, and of the flags. */
const MOST = { name: 160, flags: 500 } as const;
/** Flags whose values are nobody's business. */
const SECRET = /((?:^|\s)--?[\w-]*(?:key|token|secret|passw)[\w-]*(?:=|\s+))(?!-)("[^"]*"|'[^']*'|\S+)/gi;

/** What was measured, how, and on what. */
export function environmentOf(report: Report): HistoryRecord['env'] {
  const { environment, benchmark, plan, pods } = report;
  const name = (text: string | null | undefined) => (text == null ? null : short(text, MOST.name));
  const scorers = environment.scorers?.map(({ name: scorer, weight }) => `${scorer} ${weight}`).join(', ') ?? null;
  const stack = {
    machine: environment.machineType,
    replicas: plan.replicas,
    model: environment.modelId,
    vllm: environment.vllmImage,
    picker: environment.pickerImage,
    scorers,
  };
  const { vllm, picker, machine, model } = stack;
  const workload = benchmark && workloadOf(benchmark);
  const method = benchmark && methodOf(benchmark);
  const conditions = [machine, environment.chipsPerNode, plan.replicas, plan.baseNodes ?? 0, model, workload, method];
  const digests = { vllmDigest: digestOf(pods, 'replica'), pickerDigest: digestOf(pods, 'endpoint-picker') };
  const { vllmArgs } = environment;
  return {
    fp: fingerprint([...Object.values(stack), vllmArgs, ...Object.values(digests)]),
    cond: benchmark ? fingerprint(conditions) : null,
    ...{ machine: name(machine), replicas: plan.replicas, model: name(model) },
    ...{ vllm: name(vllm), picker: name(picker), scorers: name(scorers) },
    gke: name(environment.kubernetesVersion),
    istio: name(environment.istioVersion),
    kserve: name(environment.kserveVersion),
    gate: report.tool.version,
    chips: environment.chipsPerNode,
    ...{ workload: name(workload), method: name(method) },
    ...digests,
    vllmVersion: name(environment.vllmVersion),
    flags: vllmArgs === null ? null : short(vllmArgs.replace(SECRET, '$1***'), MOST.flags),
    flagsHash: vllmArgs === null ? null : fingerprint([vllmArgs]),
  };
}

function workloadOf({ workload, concurrencyPerReplica }: Benchmark): string {
  const { promptTokens, maxTokens, description } = workload;
  return `${promptTokens} + ${maxTokens} tokens, ${concurrencyPerReplica} in flight per replica, ${description}`;
}

function methodOf({ design, ways }: Benchmark): string {
  return `${design}, by the ${ways?.used === 'direct' ? 'single routes' : 'endpoint picker'}, version ${METHOD_VERSION}`;
}
