import { flagValue, hasFlag } from './command-line.ts';

/** The lines that an operator knows from each program, in its own format and in its order. */

const pad = (value: number) => String(value).padStart(2, '0');

function stamp(): string {
  const now = new Date();
  return `${pad(now.getUTCMonth() + 1)}-${pad(now.getUTCDate())} ${pad(now.getUTCHours())}:${pad(now.getUTCMinutes())}:${pad(now.getUTCSeconds())}`;
}

const info = (source: string, text: string) => `INFO ${stamp()} [${source}] ${text}`;

export function vllmStarting(words: string[]): string[] {
  const model = modelOf(words);
  return [
    info('__init__.py:241', 'Automatically detected platform tpu.'),
    info('api_server.py:1787', 'vLLM API server version 0.10.0'),
    info('config.py:1604', `Using max model len ${flagValue(words, '--max-model-len') ?? '32768'}`),
    info('tpu.py:179', '[TPU] Forcing DYNAMO_ONCE compilation level'),
    info(
      'core.py:73',
      `Initializing a V1 LLM engine with config: model='${model}', tensor_parallel_size=${flagValue(words, '--tensor-parallel-size') ?? '1'}, enable_prefix_caching=${!hasFlag(words, '--no-enable-prefix-caching')}`,
    ),
    info('default_loader.py:272', 'Loading weights took 4.31 seconds'),
  ];
}

/** Padded token counts that the TPU runner compiles, one graph each. */
export const COMPILED_SHAPES = [16, 32, 64, 128, 256, 512, 1024, 2048];

export function vllmCompiling(shape: number): string {
  return info('tpu_model_runner.py:1296', `Compiling the model with different input shapes: num_tokens: ${shape}`);
}

export function vllmServing(words: string[]): string[] {
  const scheme = hasFlag(words, '--ssl-certfile') ? 'https' : 'http';
  return [
    info('core.py:193', 'init engine (profile, create kv cache, warmup model) took 84.12 seconds'),
    info(
      'api_server.py:1848',
      `Starting vLLM API server 0 on ${scheme}://0.0.0.0:${flagValue(words, '--port') ?? '8000'}`,
    ),
    'INFO:     Started server process [1]',
    'INFO:     Waiting for application startup.',
    'INFO:     Application startup complete.',
  ];
}

export function modelOf(words: string[]): string {
  const serve = words.indexOf('serve');
  const positional = serve === -1 ? undefined : words[serve + 1];
  return flagValue(words, '--model') ?? (positional?.startsWith('-') ? undefined : positional) ?? 'facebook/opt-125m';
}

export function storageInitializerLines(args: string[]): { start: string[]; end: string[] } {
  const [source, target] = args;
  const at = () => `${new Date().toISOString().replace('T', ' ').slice(0, 19)}.000 1 kserve INFO`;
  return {
    start: [
      `${at()} [initializer-entrypoint:<module>():16] Initializing, args: src_uri [${source}] dest_path[ [${target}]`,
      `${at()} [storage.py:download():76] Copying contents of ${source} to local`,
    ],
    end: [`${at()} [storage.py:download():151] Successfully copied ${source} to ${target}`],
  };
}

export function pickerStarting(args: string[]): string[] {
  const line = (msg: string, extra: Record<string, unknown> = {}) =>
    JSON.stringify({ level: 'info', ts: new Date().toISOString(), logger: 'setup', msg, ...extra });
  return [
    line('GIE build'),
    line('Flags processed', { flags: args.filter((arg) => arg.startsWith('-')) }),
    line('Loaded configuration', { config: flagValue(args, '--config-text') ?? '' }),
    line('ExternalProcessor server starting', { port: Number(flagValue(args, '--grpc-port') ?? 9002) }),
  ];
}

export const SIDECAR_LINES = [
  'info\tFLAG: --concurrency="0"',
  'info\tInitializing with upstream address "istiod.istio-system.svc:15012"',
];
export const SIDECAR_READY = ['info\tReadiness succeeded', 'info\tEnvoy proxy is ready'];
/** A sidecar whose NetworkPolicy keeps it from istiod. */
export const SIDECAR_CUT_OFF = [
  'warning\tenvoy config external/envoy/source/extensions/config_subscription/grpc/grpc_stream.h:226\tStreamAggregatedResources gRPC config stream to xds-grpc closed: 14, connection error: desc = "transport: Error while dialing: dial tcp: i/o timeout"',
  'error\tistiod.istio-system.svc:15012: connection timed out',
];

const HUB = 'huggingface.co';
export const DNS_FAILED = [
  `requests.exceptions.ConnectionError: HTTPSConnectionPool(host='${HUB}', port=443): Failed to resolve '${HUB}' ([Errno -2] Name or service not known)`,
];
export const CONNECT_FAILED = [
  `requests.exceptions.ConnectTimeout: HTTPSConnectionPool(host='${HUB}', port=443): Max retries exceeded (Caused by ConnectTimeoutError: Connection to ${HUB} timed out. (connect timeout=10))`,
];
