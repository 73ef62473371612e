import { flagValue, hasFlag, vllmCommand } from './command-line.ts';
import { COMPILED_SHAPES, modelOf, vllmCompiling, vllmServing, vllmStarting } from './log-lines.ts';
import {
  type ContainerSpec,
  containerEvent,
  type Exit,
  type HttpProbe,
  type PodContext,
  setReady,
} from './pod-context.ts';
import type { ContainerRecord } from './pod-status.ts';
import { type Listener, probeBudget, probeFailure } from './probes.ts';

/** Seconds of cluster time that the XLA compilation takes. */
const COMPILE = 90;

/** Flags seen in manifests of this stack that the TPU build of vLLM does not know; argparse exits with 2 on them. */
const UNKNOWN_FLAGS = ['--prefix-cache-block-size', '--enable-cache-aware-routing', '--scorer-weights'];

/**
 * The life of a vLLM server: compiles, starts to listen, becomes Ready when its probes agree, and serves until the pod
 * ends (then rejects with an AbortError). Resolves with the exit of a server that died or was killed by its probes.
 */
export async function runVllm(context: PodContext, container: ContainerSpec, record: ContainerRecord): Promise<Exit> {
  const { signal, logs, pod } = context;
  const words = vllmCommand(container) ?? [];
  const say = (...lines: string[]) => logs.write(pod, container.name, ...lines);

  const unknown = words.filter((word) => UNKNOWN_FLAGS.includes(word.split('=')[0] as string));
  if (unknown.length > 0) return argumentError(say, `unrecognized arguments: ${unknown.join(' ')}`);
  const model = modelOf(words);
  if (model.startsWith('/mnt/models') && !context.record.init.some((one) => one.name === 'storage-initializer')) {
    const message = `huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '${model}'. Use \`repo_type\` argument if needed.`;
    say(message);
    return { code: 1, reason: 'Error', message };
  }

  say(...vllmStarting(words));
  const killed = await compile(context, container, record, say);
  if (killed) return killed;

  const listener: Listener = {
    port: Number(flagValue(words, '--port') ?? 8000),
    tls: hasFlag(words, '--ssl-certfile'),
  };
  const namespace = pod.metadata.namespace as string;
  const own = context.programs ? { listen: { host: context.record.podIp, port: listener.port } } : {};
  const start = { args: words, tls: listener.tls, ...own };
  const lastWords = await context.replicas.start(namespace, pod.metadata.name, listener.port, start, signal);
  if (lastWords !== null) return argumentError(say, lastWords);
  say(...vllmServing(words));
  return serve(context, container, record, listener);
}

function argumentError(say: (line: string) => void, problem: string): Exit {
  const message = `api_server.py: error: ${problem}`;
  say(message);
  return { code: 2, reason: 'Error', message };
}

/** One graph after the other; the probes fail meanwhile, and kill the server when their budget is shorter. */
async function compile(
  context: PodContext,
  container: ContainerSpec,
  record: ContainerRecord,
  say: (line: string) => void,
): Promise<Exit | null> {
  const { clock, signal } = context;
  const guard = container.startupProbe ? 'startup' : 'liveness';
  const probe = container.startupProbe ?? container.livenessProbe;
  const budget = probe ? probeBudget(probe) : Number.POSITIVE_INFINITY;
  const step = clock.jitter(COMPILE) / COMPILED_SHAPES.length;
  for (const [index, shape] of COMPILED_SHAPES.entries()) {
    say(vllmCompiling(shape));
    const elapsed = step * index;
    if (elapsed + step > budget) {
      await clock.wait(Math.max(0, budget - elapsed), signal);
      unhealthy(context, container, record, guard, probe, null);
      return kill(context, record, guard);
    }
    await clock.wait(step, signal);
    // The kubelet stays silent until a probe's initial delay is over.
    if (probe && elapsed + step > (probe.initialDelaySeconds ?? 0)) {
      unhealthy(context, container, record, guard, probe, null);
    }
  }
  const delay = (container.readinessProbe?.initialDelaySeconds ?? 0) - step * COMPILED_SHAPES.length;
  await clock.wait(Math.max(0, delay), signal);
  return null;
}

/** Serves until the pod ends, or until a probe that asks for the wrong thing has the server killed. */
async function serve(
  context: PodContext,
  container: ContainerSpec,
  record: ContainerRecord,
  listener: Listener,
): Promise<Exit> {
  const { clock, signal } = context;
  const fails = (probe: HttpProbe | undefined) =>
    probeFailure(container, probe, context.record.podIp, listener) !== null;
  const deadly = fails(container.startupProbe) ? 'startup' : fails(container.livenessProbe) ? 'liveness' : null;
  const readinessFails = fails(container.readinessProbe);
  if (!readinessFails && deadly !== 'startup') setReady(context, record);
  if (deadly) {
    const probe = container[`${deadly}Probe`] as HttpProbe;
    unhealthy(context, container, record, deadly, probe, listener);
    await clock.wait(probeBudget(probe), signal);
    return kill(context, record, deadly);
  }
  for (;;) {
    if (readinessFails) unhealthy(context, container, record, 'readiness', container.readinessProbe, listener);
    await clock.pause(readinessFails ? (container.readinessProbe?.periodSeconds ?? 10) : 3_600, signal);
  }
}

function unhealthy(
  context: PodContext,
  container: ContainerSpec,
  record: ContainerRecord,
  kind: 'startup' | 'liveness' | 'readiness',
  probe: HttpProbe | undefined,
  listener: Listener | null,
): void {
  const failure = probeFailure(container, probe, context.record.podIp, listener);
  if (failure === null) return;
  const named = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
  containerEvent(context, record, 'Warning', 'Unhealthy', `${named} probe failed: ${failure}`);
}

function kill(context: PodContext, record: ContainerRecord, kind: 'startup' | 'liveness'): Exit {
  const message = `Container ${record.name} failed ${kind} probe, will be restarted`;
  containerEvent(context, record, 'Normal', 'Killing', message);
  return { code: 137, reason: 'Error' };
}
