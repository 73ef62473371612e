import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interceptingProxy, type Source } from './intercepting-proxy.ts';
import { bucketRefuses, emptyBucket, hubFile, hubModel, hubRefuses } from './sources.ts';

/** A way to start a program that ends it, and the cause that a diagnosis must find in what it writes. */
export interface Expected {
  name: string;
  cause: string;
  /** What the explanation or the deciding line must name. */
  named: readonly string[];
}

/** A download that fails. */
export interface Download extends Expected {
  uri: string;
  source?: Source;
  /** The authority of the proxy is not in the trust store of the container. */
  distrusted?: true;
  /** The proxy refuses every connection with this status. */
  refusal?: string;
  /** There is a proxy in the environment, and nothing listens there. */
  deadProxy?: true;
  /** The volume has no room. */
  full?: true;
  env?: Record<string, string>;
}

const GATED = 'meta-llama/Llama-3.1-8B-Instruct';
const HUB = 'https://huggingface.co';

export const DOWNLOADS: readonly Download[] = [
  {
    name: 'hub-401-gated',
    uri: `hf://${GATED}`,
    cause: 'model.access-denied',
    named: [GATED],
    source: hubModel(
      hubRefuses(
        401,
        'GatedRepo',
        `Access to model ${GATED} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
      ),
    ),
  },
  {
    name: 'hub-401-bad-token',
    uri: `hf://${GATED}`,
    env: { HF_TOKEN: 'not-a-token' },
    cause: 'model.access-denied',
    named: ['Invalid credentials'],
    source: hubRefuses(401, '', 'Invalid credentials in Authorization header'),
  },
  {
    name: 'hub-401-no-such-model',
    uri: 'hf://Qwen/Qwen9-0.6B',
    cause: 'model.not-found',
    named: ['Qwen/Qwen9-0.6B'],
    source: hubRefuses(401, 'RepoNotFound', 'Repository not found'),
  },
  {
    name: 'hub-403-not-on-the-list',
    uri: `hf://${GATED}`,
    cause: 'model.access-denied',
    named: ['authorized list'],
    source: hubModel(
      hubRefuses(
        403,
        'GatedRepo',
        `Access to model ${GATED} is restricted and you are not in the authorized list. Visit ${HUB}/${GATED} to ask for access.`,
      ),
    ),
  },
  {
    name: 'hub-403-token-scope',
    uri: `hf://${GATED}`,
    // Its words hold no status: nothing proves that access is the cause.
    cause: 'container.crash-loop',
    named: ['cannot find the requested files'],
    source: hubModel(
      hubRefuses(
        403,
        '',
        'Please enable access to public gated repositories in your fine-grained token settings to view this repository.',
      ),
    ),
  },
  {
    name: 'hub-404-no-such-model',
    uri: 'hf://Qwen/Qwen9-0.6B',
    env: { HF_TOKEN: 'a-token' },
    cause: 'model.not-found',
    named: ['Qwen/Qwen9-0.6B'],
    source: hubRefuses(404, 'RepoNotFound', 'Repository not found'),
  },
  {
    name: 'hub-404-no-such-revision',
    uri: 'hf://Qwen/Qwen3-0.6B:v9',
    cause: 'model.not-found',
    named: ['v9'],
    source: hubRefuses(404, 'RevisionNotFound', 'Invalid rev id: v9'),
  },
  {
    name: 'hub-429',
    uri: 'hf://Qwen/Qwen3-0.6B',
    cause: 'model.rate-limited',
    named: ['429'],
    source: hubRefuses(
      429,
      '',
      "We had to rate limit your IP (192.0.2.7). To continue using our service, create a HF account or login to your existing account, and make sure you pass a HF_TOKEN if you're using the API.",
    ),
  },
  ...[500, 502, 503, 504].map(
    (status): Download => ({
      name: `hub-${status}`,
      uri: 'hf://Qwen/Qwen3-0.6B',
      cause: 'model.unreachable',
      named: [String(status)],
      source: hubRefuses(
        status,
        '',
        status === 500 ? "Internal Error - We're working hard to fix this as soon as possible!" : '',
      ),
    }),
  ),
  {
    name: 'hub-tls-inspected',
    uri: 'hf://Qwen/Qwen3-0.6B',
    cause: 'model.tls-untrusted',
    named: ['CERTIFICATE_VERIFY_FAILED'],
    source: hubModel(hubFile),
    distrusted: true,
  },
  {
    name: 'hub-proxy-unreachable',
    uri: 'hf://Qwen/Qwen3-0.6B',
    // The words name no proxy.
    cause: 'model.unreachable',
    named: ['refused', 'HTTPS_PROXY'],
    deadProxy: true,
  },
  {
    name: 'hub-proxy-wants-credentials',
    uri: 'hf://Qwen/Qwen3-0.6B',
    cause: 'model.proxy',
    named: ['407'],
    refusal: '407 Proxy Authentication Required',
  },
  {
    name: 'hub-proxy-forbids',
    uri: 'hf://Qwen/Qwen3-0.6B',
    cause: 'model.proxy',
    named: ['403'],
    refusal: '403 Forbidden',
  },
  {
    name: 'hub-no-dns',
    uri: 'hf://Qwen/Qwen3-0.6B',
    // A name of the reserved domain has no address, whatever the network is.
    env: { HF_ENDPOINT: 'https://huggingface.co.invalid' },
    cause: 'model.dns',
    named: ['resolve'],
  },
  {
    name: 'hub-disk-full',
    uri: 'hf://Qwen/Qwen3-0.6B',
    cause: 'model.disk-full',
    named: ['space'],
    source: hubModel(hubFile),
    full: true,
  },
  {
    name: 'hub-bad-address',
    uri: 'hf://Qwen/Qwen3-0.6B/main',
    cause: 'model.bad-uri',
    named: ['hf://Qwen/Qwen3-0.6B/main'],
  },
  {
    name: 'unknown-scheme',
    uri: 'oss://models/qwen3',
    cause: 'model.bad-uri',
    named: ['oss://models/qwen3'],
  },
  {
    name: 'bucket-401-anonymous',
    uri: 'gs://example-models/qwen3',
    cause: 'model.access-denied',
    named: ['Anonymous credentials'],
    source: bucketRefuses(
      401,
      'required',
      "Anonymous caller does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not exist).",
    ),
  },
  {
    name: 'bucket-403',
    uri: 'gs://example-models/qwen3',
    cause: 'model.access-denied',
    named: ['storage.objects.list'],
    source: bucketRefuses(
      403,
      'forbidden',
      "gate@example.iam.gserviceaccount.com does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not exist).",
    ),
  },
  {
    name: 'bucket-404',
    uri: 'gs://example-models/qwen3',
    cause: 'model.not-found',
    named: ['bucket does not exist'],
    source: bucketRefuses(404, 'notFound', 'The specified bucket does not exist.'),
  },
  {
    name: 'bucket-empty',
    uri: 'gs://example-models/qwen3',
    cause: 'model.not-found',
    named: ['example-models'],
    source: emptyBucket,
  },
  {
    name: 'bucket-tls-inspected',
    uri: 'gs://example-models/qwen3',
    cause: 'model.tls-untrusted',
    named: ['CERTIFICATE_VERIFY_FAILED'],
    source: emptyBucket,
    distrusted: true,
  },
];

const MOUNTED = '/mnt/models';
/** The client of the bucket tries for two minutes. */
const LIMIT_MS = 150_000;

/**
 * What KServe's storage initializer writes about a download that fails, without paths, moments, ports and process ids of
 * this machine. `initializer` is a folder with `venv` and `initializer-entrypoint`. Throws when the download succeeds.
 */
export async function wordsOfDownload(initializer: string, scene: Download): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'download-'));
  const target = join(home, 'models');
  const proxy = await interceptingProxy(home, scene.source ?? hubModel(hubFile), scene.refusal);
  if (scene.full) mount(target);
  try {
    const env = {
      PATH: '/usr/bin:/bin',
      HOME: home,
      NO_GCE_CHECK: 'true',
      HF_HUB_DISABLE_TELEMETRY: '1',
      HF_HUB_DISABLE_XET: '1',
      ...(scene.env?.HF_ENDPOINT ? {} : { HTTPS_PROXY: scene.deadProxy ? 'http://127.0.0.1:9' : proxy.url }),
      ...(scene.distrusted ? {} : { SSL_CERT_FILE: proxy.authority, REQUESTS_CA_BUNDLE: proxy.authority }),
      ...scene.env,
    };
    const { code, output } = await run(initializer, [scene.uri, target], env);
    if (code === 0) throw new Error(`${scene.name}: the download succeeded:\n${output}`);
    return normalised(output, initializer, home, target);
  } finally {
    if (scene.full) spawnSync('umount', [target]);
    await proxy.close();
    rmSync(home, { recursive: true, force: true });
  }
}

/** A file system of 1 MiB; needs the right to mount. */
function mount(target: string): void {
  spawnSync('mkdir', ['-p', target]);
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', target]);
  if (status !== 0) throw new Error(`a small file system cannot be mounted: ${stderr}`);
}

async function run(
  initializer: string,
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(join(initializer, 'venv/bin/python'), [join(initializer, 'initializer-entrypoint'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  const [code] = await once(child, 'close');
  return { code: code as number | null, output };
}

function normalised(output: string, initializer: string, home: string, target: string): string {
  return `${output
    .replaceAll(target, MOUNTED)
    .replaceAll(join(initializer, 'venv'), '/prod_venv')
    .replaceAll(join(initializer, 'initializer-entrypoint'), '/storage-initializer/scripts/initializer-entrypoint')
    .replaceAll(home, '/home/kserve')
    .replaceAll('.co.invalid', '.co')
    .replaceAll(/(?<=["\s]|^)\/[^"\s:]*\/lib\/(?=python3)/gm, '/usr/lib/')
    .replaceAll(/127\.0\.0\.1:\d{4,5}/g, 'proxy.example.com:3128')
    .replaceAll(/0x[0-9a-f]{8,}/g, '0x7f0000000000')
    .replaceAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+/gm, '2026-01-01 00:00:00.000 1')
    .trimEnd()}\n`;
}
