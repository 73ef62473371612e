import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfig } from '../apiserver/credentials.ts';
import type { RealApi } from '../apiserver/real-api.ts';
import type { ContainerSpec, PodContext, Programs } from '../cluster/pod-context.ts';
import type { ProgramRecord } from '../protocol.ts';
import { PROGRAMS } from './assets.ts';
import { envoyBootstrap } from './envoy.ts';
import { environmentOf, expanded } from './pod-environment.ts';
import { layOut } from './pod-files.ts';
import { runProgram } from './run-program.ts';
import { VLLM_IMAGE, type VllmStart, vllmStart } from './vllm.ts';

const TOKEN_SECONDS = 86_400;

/** From a container's image to the program that is in it. A program without a place is played by the lab. */
const IMAGES: { image: RegExp; program: keyof typeof PROGRAMS }[] = [
  { image: /\/(?:llm-d-router-endpoint-picker|llm-d-inference-scheduler|epp)[:@]/, program: 'endpoint picker' },
  { image: /\/llmisvc-controller[:@]/, program: 'KServe controller' },
  { image: /\/pilot[:@]/, program: 'istiod' },
  { image: /\/proxyv2[:@]/, program: 'Envoy' },
];

export interface RunningPrograms extends Programs {
  list(): ProgramRecord[];
}

/**
 * Runs a pod's container as a local process: the words of its spec, its environment, the files of its Secrets and
 * ConfigMaps, and a token of its ServiceAccount.
 */
export function createPrograms(options: {
  assets: string;
  /** Folder with vLLM; null where the lab plays it. */
  vllm: string | null;
  folder: string;
  api: RealApi;
  server: string;
  caPem: string;
}): RunningPrograms {
  const { assets, folder, api } = options;
  const running = new Map<number, ProgramRecord>();
  mkdirSync(join(folder, 'logs'), { recursive: true });

  /** A kubeconfig of the pod's ServiceAccount: what a mounted token is on a cluster. */
  const identity = async ({ pod }: PodContext, root: string): Promise<string> => {
    const { namespace } = pod.metadata;
    const account = pod.spec.serviceAccountName ?? 'default';
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const { status, body } = await api.ask('POST', path, { spec: { expirationSeconds: TOKEN_SECONDS } });
    if (status !== 201) throw new Error(`token of ${namespace}/${account}: HTTP ${status}: ${body.message ?? body}`);
    const file = join(root, 'kubeconfig');
    writeFileSync(file, kubeconfig(options.server, options.caPem, { token: body.status.token }), { mode: 0o600 });
    return file;
  };

  /** A spec without a command starts what its image starts. */
  const wordsOf = (spec: ContainerSpec, env: Record<string, string>): string[] =>
    [...(spec.command ?? []).slice(1), ...(spec.args ?? [])].map((word) => expanded(word, env));

  const watching = ({ pod }: PodContext, { name: container, image }: ContainerSpec) => {
    const { namespace = '', name } = pod.metadata;
    return {
      logFile: join(folder, 'logs', `${namespace}_${name}_${container}.log`),
      onStart: (pid: number) => running.set(pid, { namespace, pod: name, container, image, pid }),
      onEnd: (pid: number) => running.delete(pid),
    };
  };

  const start = async (
    context: PodContext,
    spec: ContainerSpec,
    record: Parameters<Programs['run']>[2],
    name: keyof typeof PROGRAMS,
  ) => {
    const files = layOut(context, spec, join(folder, 'pods'));
    const env = environmentOf(context, spec);
    const base = { PATH: '/usr/bin:/bin', HOME: files.root, TMPDIR: join(files.root, 'tmp') };
    const isEnvoy = name === 'Envoy';
    if (isEnvoy) writeFileSync(join(files.root, 'envoy.json'), envoyBootstrap(context.pod, context.record.podIp));
    const own = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, files.localise(value)]));
    return runProgram(context, spec, record, {
      binary: join(assets, PROGRAMS[name]),
      // The command line of istio-proxy is its agent's, which there is no build of.
      args: isEnvoy
        ? [
            '-c',
            join(files.root, 'envoy.json'),
            '--concurrency',
            '1',
            '--log-level',
            'warning',
            '--disable-hot-restart',
          ]
        : [
            ...wordsOf(spec, env)
              .map(files.localise)
              .filter((word) => word !== ''),
            ...(name === 'istiod' ? [`--kubeconfig=${await identity(context, files.root)}`] : []),
          ],
      env:
        isEnvoy || name === 'istiod'
          ? { ...base, ...own }
          : { ...base, ...own, KUBECONFIG: await identity(context, files.root) },
      files,
      ...watching(context, spec),
    });
  };

  const startVllm = (
    context: PodContext,
    spec: ContainerSpec,
    record: Parameters<Programs['run']>[2],
    { binary, args, env }: VllmStart,
  ) => {
    const files = layOut(context, spec, join(folder, 'pods'));
    const own = environmentOf(context, spec);
    // Its sockets lie there, and the path of a socket has at most 107 characters.
    const temporary = mkdtempSync(join(folder, 'vllm-'));
    const local = { ...own, ...env, HOME: files.root, TMPDIR: temporary };
    return runProgram(context, spec, record, {
      binary,
      args: args.map((word) => files.localise(expanded(word, own))),
      env: local,
      files,
      ...watching(context, spec),
    });
  };

  return {
    run(context, spec, record) {
      const vllm =
        options.vllm && VLLM_IMAGE.test(spec.image) ? vllmStart(options.vllm, spec, context.record.podIp) : null;
      if (vllm) return startVllm(context, spec, record, vllm);
      const found = IMAGES.find(({ image }) => image.test(spec.image));
      return found ? start(context, spec, record, found.program) : null;
    },
    list: () => [...running.values()],
  };
}
