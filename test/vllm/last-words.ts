import { join } from 'node:path';
import { runToEnd } from './server.ts';

/** A way to start vLLM that ends it, and the cause that a diagnosis must find in what it writes. */
export interface Scene {
  name: string;
  cause: string;
  /** What the explanation must name. */
  named: readonly string[];
  /** Flags beside the model; `model` replaces it. */
  args: readonly string[];
  model?: string;
  env?: Record<string, string>;
}

/** The folder of the chat model has this name in a recording, as KServe mounts it. */
const MOUNTED = '/mnt/models';

export const LAST_WORDS: readonly Scene[] = [
  {
    name: 'too-long-context',
    cause: 'vllm.context-length',
    named: ['8192', '4096'],
    args: ['--max-model-len=8192'],
  },
  {
    name: 'too-little-kv-cache',
    cause: 'vllm.max-model-len',
    named: ['2097152'],
    // A cache of 1 GiB holds about half of it.
    args: ['--max-model-len=2097152', `--hf-overrides=${JSON.stringify({ max_position_embeddings: 2_097_152 })}`],
  },
  {
    name: 'unknown-flag',
    cause: 'vllm.unknown-flag',
    named: ['--prefix-cache-block-size=64'],
    args: ['--max-model-len=2048', '--prefix-cache-block-size=64'],
  },
  {
    name: 'no-model-folder',
    cause: 'vllm.no-model-folder',
    named: ['/mnt/models'],
    args: ['--max-model-len=2048'],
    model: MOUNTED,
  },
  {
    name: 'no-certificate',
    cause: 'tls.certificate-missing',
    named: ['certificate'],
    args: [
      '--max-model-len=2048',
      '--ssl-certfile=/var/run/kserve/tls/tls.crt',
      '--ssl-keyfile=/var/run/kserve/tls/tls.key',
    ],
  },
  {
    name: 'tensor-parallel',
    cause: 'vllm.tensor-parallel',
    named: ['4', '3'],
    args: ['--max-model-len=2048', '--tensor-parallel-size=3'],
  },
  {
    name: 'invalid-choice',
    cause: 'vllm.invalid-value',
    named: ['--dtype', 'float17'],
    args: ['--max-model-len=2048', '--dtype=float17'],
  },
  {
    name: 'invalid-json',
    cause: 'vllm.invalid-value',
    named: ['--hf-overrides'],
    args: ['--max-model-len=2048', '--hf-overrides={max_position_embeddings: 8192}'],
  },
  {
    name: 'invalid-number',
    cause: 'vllm.invalid-value',
    named: ['--max-model-len'],
    args: ['--max-model-len=eight'],
  },
  {
    name: 'unknown-architecture',
    cause: 'vllm.unsupported-model',
    named: ['Gemma9ForCausalLM'],
    args: ['--max-model-len=2048', `--hf-overrides=${JSON.stringify({ architectures: ['Gemma9ForCausalLM'] })}`],
  },
  {
    name: 'unknown-quantization',
    cause: 'vllm.invalid-value',
    named: ['quantization'],
    args: ['--max-model-len=2048', '--quantization=int3'],
  },
  {
    name: 'no-chat-template',
    cause: 'container.crash-loop',
    named: ['/templates/chat.jinja'],
    args: ['--max-model-len=2048', '--chat-template=/templates/chat.jinja'],
  },
  {
    name: 'not-an-address',
    cause: 'container.crash-loop',
    named: ['Cannot assign requested address'],
    args: ['--max-model-len=2048', '--host=192.0.2.1'],
  },
];

/** More than the gate reads. */
const LAST_LINES = 130;

/**
 * The last lines that vLLM wrote before it ended, without paths, addresses, times and process ids of this machine. Throws
 * when it ended well.
 */
export async function lastWordsOf(assets: string, { args, model, env }: Scene): Promise<string> {
  const chat = join(assets, 'models/chat');
  const { code, output } = await runToEnd(assets, [`--model=${model ?? chat}`, ...args], env);
  if (code === 0 || code === null) throw new Error(`vLLM ended with ${code}, not with an error:\n${output}`);
  const text = output
    .replaceAll(chat, MOUNTED)
    .replaceAll(join(assets, 'venv'), '/opt/vllm')
    .replaceAll(/(?<=["\s]|^)\/(?!opt\/vllm)[^"\s:]*\/lib\/(?=python3)/gm, '/usr/lib/')
    .replaceAll(/[^"\s=]*\/vllm-\w{6}(?=\/)/g, '/tmp/vllm')
    .replaceAll(/_dist_[0-9a-f]{32}/g, '_dist')
    .replaceAll(/mq_connect_ip=[\d.]+/g, 'mq_connect_ip=127.0.0.1')
    .replaceAll(/pid=\d+/g, 'pid=1')
    .replaceAll(/0x[0-9a-f]{8,}/g, '0x7f0000000000')
    .replaceAll(/\[W\d{4} [\d:.]+/g, '[W0101 00:00:00.0')
    .replaceAll(/\b\d\d-\d\d \d\d:\d\d:\d\d\b/g, '01-01 00:00:00');
  return `${text.trimEnd().split('\n').slice(-LAST_LINES).join('\n')}\n`;
}
