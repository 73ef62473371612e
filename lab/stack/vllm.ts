import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { vllmCommand } from '../cluster/command-line.ts';
import type { ContainerSpec } from '../cluster/pod-context.ts';

/** The Python that has vLLM, below the folder that `scripts/vllm-assets` prints. */
const PYTHON = 'venv/bin/python';

/** Images with vLLM in them, of any accelerator. */
export const VLLM_IMAGE = /\/(?:vllm|llm-d-(?:tpu|cuda|cpu))[^/]*[:@]/;

/** Whether the folder, which may be missing, holds vLLM. */
export function hasVllm(folder: string | null): folder is string {
  return folder !== null && existsSync(join(folder, PYTHON));
}

/**
 * Flags for hardware that this machine does not have, and those that are set below. Lengths, caching and certificates
 * stay as they are, since they decide what the gate finds.
 */
const LEFT_OUT = new Set([
  // Four chips hold one replica; here it has a share of two cores.
  '--tensor-parallel-size',
  '--gpu-memory-utilization',
  '--load-format',
  '--host',
]);

/** Two layers of random weights; the storage initializer downloads nothing here. */
const MODEL = 'models/chat';
const MOUNTED = '/mnt/models';

const ADDED = [
  '--load-format=dummy',
  // Compilation would take minutes on two cores, and does not change what is served.
  '--enforce-eager',
];

/** Quiet about its use, without the network, and with 1 GiB of KV cache. */
export const VLLM_ENVIRONMENT = {
  HF_HUB_OFFLINE: '1',
  DO_NOT_TRACK: '1',
  VLLM_NO_USAGE_STATS: '1',
  VLLM_CPU_KVCACHE_SPACE: '1',
  VLLM_CPU_OMP_THREADS_BIND: 'nobind',
};

export interface VllmStart {
  binary: string;
  args: string[];
  env: Record<string, string>;
}

/**
 * How the container's vLLM starts on this machine: its own words, with the model in the folder and at the pod's own
 * address, since all pods share one network. Null for a container that starts something else.
 */
export function vllmStart(folder: string, spec: ContainerSpec, podIp: string): VllmStart | null {
  const words = vllmCommand(spec);
  if (words === null) return null;
  const isServe = /(^|\/)vllm$/.test(words[0] as string);
  const entry = isServe ? [join(folder, 'venv/bin/vllm')] : ['-m'];
  const own = isServe ? words.slice(1) : words.slice(words.findIndex((word) => word.startsWith('vllm.entrypoints.')));
  return {
    binary: join(folder, PYTHON),
    args: [...entry, ...withoutTpu(own).map((word) => placed(word, folder)), ...ADDED, `--host=${podIp}`],
    env: { ...VLLM_ENVIRONMENT, PATH: `${join(folder, 'venv/bin')}:/usr/bin:/bin` },
  };
}

/** Without the flags that are left out; a value may be a word of its own. */
function withoutTpu(words: readonly string[]): string[] {
  const result: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as string;
    const [name] = word.split('=') as [string];
    if (!LEFT_OUT.has(name)) {
      result.push(word);
      continue;
    }
    const isSeparate = !word.includes('=') && !(words[index + 1] ?? '-').startsWith('-');
    if (isSeparate) index += 1;
  }
  return result;
}

function placed(word: string, folder: string): string {
  return word.replace(new RegExp(`(^|=)${MOUNTED}(?=$|/)`), `$1${join(folder, MODEL)}`);
}
