import type { Manifest } from '../../clients/files/manifests.ts';
import type { Probe } from '../../clients/kubernetes/kinds.ts';
import type { Inputs } from '../../inputs/inputs.ts';
import { Failure } from '../../lib/failure.ts';
import { flagValue, hasFlag, portOf, readCommandLine, servesTls } from '../../stack/command-line.ts';
import { evidenceAt, mainOf, serviceOf } from '../../stack/service.ts';
import { guard, guardFailure } from './guard.ts';
import { checkPickerConfig } from './picker-config.ts';
import { checkServiceShape, withBases } from './shape.ts';
import type { Look, Table } from './table.ts';

/** In no release of vLLM; argparse ends on the first of them. Seen in manifests of this stack. */
const NO_SUCH_FLAGS = ['--prefix-cache-block-size', '--enable-cache-aware-routing', '--scorer-weights'] as const;
/** In older releases alone. */
const REMOVED_FLAGS = ['--disable-log-requests'] as const;
/** Seconds that TPU start-up and the XLA compilation may take before a probe must not end them. */
const START_SECONDS = 900;

/** What the manifests tell by themselves: all of it before the first call. */
export async function checkOffline(table: Table, manifests: readonly Manifest[], inputs: Inputs): Promise<void> {
  await table.look('guard', 'Guard', async () => {
    const refusals = guard(manifests, inputs.guard);
    if (refusals.length > 0) throw guardFailure(refusals);
    return { seen: `${manifests.length} objects of allowed kinds, namespaces and registries` };
  });
  const found = await table.check('service', 'Service', async () => {
    const { manifest, service, unread } = serviceOf(manifests, inputs);
    return { value: { manifest, unread }, seen: `${service.name} with ${count(service.replicas)}` };
  });
  if (!found) return;
  const { manifest, unread } = found;
  await table.look('shape', 'Shape', async () => checkServiceShape(manifest, unread));
  await table.look('vllm-flags', 'Flags of vLLM', async () => withBases(checkFlags(manifest), unread));
  await table.look('picker-config', 'Endpoint picker', async () => withBases(checkPickerConfig(manifest), unread));
  await table.look('probes', 'Probes', async () => withBases(checkProbes(manifest), unread));
  // A stack that is not measured is sent no prompts of these lengths.
  if (!inputs.keep) await table.look('workload', 'Prompts', async () => checkWorkload(manifest, inputs));
}

const count = (replicas: number) => (replicas === 1 ? '1 replica' : `${replicas} replicas`);

function checkFlags(manifest: Manifest): Look {
  const line = readCommandLine(mainOf(manifest.object));
  if (line.text === '' && line.open.length === 0) return { seen: 'the preset’s own command' };
  const has = (flag: string) => hasFlag(line, flag) === true;
  const bad = NO_SUCH_FLAGS.filter(has);
  if (bad.length > 0) {
    throw new Failure({
      stage: 'preflight',
      code: 'bad-flag',
      message: `vLLM has no ${bad.join(', ')}: the replicas would end at once, again and again.`,
      hint: 'Take it out of the args of container main. Prefix caching is --enable-prefix-caching; scorers are the endpoint picker’s.',
      evidence: evidenceAt(manifest, new RegExp(bad[0] ?? ''), `vLLM has no ${bad[0]}`),
    });
  }
  const removed = REMOVED_FLAGS.filter(has);
  if (removed.length > 0) {
    return {
      outcome: 'warning',
      seen: `${removed.join(', ')} is refused by newer releases of vLLM`,
      remedy: 'Take it out: the log of requests is off by default since vLLM 0.12.',
    };
  }
  const seen = `${line.text.match(/(?:^|\s)--[a-z]/g)?.length ?? 0} flags, none known to end the image`;
  return line.open.length > 0 ? notRead(seen, line.open) : { seen };
}

const notRead = (seen: string, open: readonly string[]): Look => ({
  outcome: 'not-checked',
  seen: `${seen}; not read: ${open.join(', ')}`,
  remedy: 'Write the flags into the args of container main.',
});

function checkProbes(manifest: Manifest): Look {
  const main = mainOf(manifest.object);
  const line = readCommandLine(main);
  if (!main || (line.text === '' && line.open.length === 0)) return { seen: 'the preset’s own' };
  const tls = servesTls(line);
  const scheme = tls === null ? null : tls ? 'HTTPS' : 'HTTP';
  const port = portOf(line);
  const probes = (['startupProbe', 'readinessProbe', 'livenessProbe'] as const).flatMap((name) => {
    const http = main[name]?.httpGet;
    return http ? [{ name, scheme: http.scheme ?? 'HTTP', port: probedPort(http.port, main.ports) }] : [];
  });
  const bad = probes.find(
    (probe) =>
      (scheme !== null && probe.scheme !== scheme) || (port !== null && probe.port !== null && probe.port !== port),
  );
  const start = [...(scheme ? [`for ${scheme}`] : []), ...(port ? [`on port ${port}`] : [])].join(' ');
  if (bad) {
    throw new Failure({
      stage: 'preflight',
      code: 'bad-probe',
      message: `${bad.name} asks ${bad.scheme} on port ${bad.port ?? '?'}, but vLLM is started ${start}: no replica would ever be ready.`,
      hint: 'Give the probe the port of --port, and scheme HTTPS exactly when the command has --ssl-certfile.',
      evidence: evidenceAt(manifest, new RegExp(bad.name), `${bad.name} does not fit the command`),
    });
  }
  const guarding = main.startupProbe ?? main.livenessProbe;
  const budget = guarding ? budgetOf(guarding) : null;
  if (budget !== null && budget < START_SECONDS) {
    return {
      outcome: 'warning',
      seen: `a probe ends vLLM after ${budget} s, and the first compilation on TPU may take ${START_SECONDS} s`,
      remedy: 'Give main a startupProbe of 20 min: periodSeconds 10, failureThreshold 120.',
    };
  }
  if (probes.length === 0) return { seen: 'the preset’s own' };
  if (scheme !== null && port !== null) return { seen: `${probes.length} ${start}` };
  const unknown = [...(scheme ? [] : ['whether vLLM serves TLS']), ...(port ? [] : ['the port of vLLM'])].join(' and ');
  return notRead(`${probes.length} probes; ${unknown} is not known`, line.open.length > 0 ? line.open : ['the preset']);
}

const probedPort = (
  port: number | string | undefined,
  ports: readonly { name?: string; containerPort: number }[] = [],
) => (typeof port === 'string' ? (ports.find(({ name }) => name === port)?.containerPort ?? null) : (port ?? null));

const budgetOf = ({ initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 }: Probe) =>
  initialDelaySeconds + periodSeconds * failureThreshold;

/** vLLM's page on TPU: a sixteenth of the next power of two of the longest sequence, 16 to 256; 16 beyond 8192. */
export function blockTokens(maxModelLen: number): number {
  if (maxModelLen > 8_192) return 16;
  const power = 2 ** Math.ceil(Math.log2(maxModelLen));
  return Math.min(256, Math.max(16, Math.floor(power / 16)));
}

function checkWorkload(manifest: Manifest, inputs: Inputs): Look {
  const longest = Number(flagValue(readCommandLine(mainOf(manifest.object)), '--max-model-len') ?? Number.NaN);
  const { promptTokens, maxTokens } = inputs;
  if (inputs.prompts !== '') return { seen: `your own, with ${maxTokens} tokens to answer` };
  if (!Number.isInteger(longest) || longest < 1) {
    return { outcome: 'not-checked', seen: 'the longest sequence is not in the manifest (--max-model-len)' };
  }
  const at = evidenceAt(manifest, /--max-model-len/, 'the longest sequence that vLLM serves');
  if (promptTokens + maxTokens > longest) {
    throw new Failure({
      stage: 'preflight',
      code: 'prompt-too-long',
      message: `Prompts of ${promptTokens} tokens and answers of ${maxTokens} do not fit into --max-model-len=${longest}: every request would be refused.`,
      hint: 'Lower "prompt-tokens" or "max-tokens", or raise --max-model-len.',
      evidence: at,
    });
  }
  const block = blockTokens(longest);
  if (promptTokens <= block) {
    throw new Failure({
      stage: 'preflight',
      code: 'prompt-too-short',
      message: `Prompts of ${promptTokens} tokens hold no block that can be cached: vLLM caches ${block} tokens at a time at --max-model-len=${longest}, and computes the last token again.`,
      hint: `Set "prompt-tokens" to at least ${block * 4}.`,
      evidence: at,
    });
  }
  return { seen: `${promptTokens} tokens, ${Math.floor(promptTokens / block)} blocks of ${block}` };
}
