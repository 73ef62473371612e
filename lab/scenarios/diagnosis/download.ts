import type { DiagnosisScenario } from '../types.ts';
import { crashes, SHORT, scenario } from './shared.ts';

const HEAD = '2026-01-01 00:00:00.000 1 storage.initializer';
const UNEXPECTED = `${HEAD} ERROR [initializer-entrypoint:<module>():31] Unexpected error during storage initialization:`;
const FAILED = `${HEAD} ERROR [initializer-entrypoint:<module>():28] Storage initialization failed:`;
const GCS = `${HEAD} ERROR [storage_errors.py:raise_storage_error():42] GCS error for gs://example-models/qwen3:`;
const NOT_CACHED =
  'An error happened while trying to locate the files on the Hub, and we cannot find the appropriate snapshot folder for the specified revision on the local disk. Please check your internet connection and try again.';
const API = 'https://huggingface.co/api/models/Qwen/Qwen3-0.6B/revision';

/** The last words of KServe's storage initializer, of v0.15 and as recorded from kserve-storage of v0.20. */
export const DOWNLOAD_SCENARIOS: readonly DiagnosisScenario[] = [
  ...crashes('replica', 'storage-initializer', [
    {
      name: 'model-gated',
      summary: 'the model is gated',
      cause: 'model.access-denied',
      says: [
        'huggingface_hub.errors.GatedRepoError: 401 Client Error. Cannot access gated repo for url https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/resolve/main/config.json.',
      ],
    },
    {
      name: 'model-not-on-the-list',
      summary: 'the account of the token is not on the list of a gated model: 403',
      cause: 'model.access-denied',
      says: [
        'Access to model meta-llama/Llama-3.1-8B-Instruct is restricted and you are not in the authorized list. Visit https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct to ask for access.',
        `${FAILED} HuggingFace authentication failed. Set HF_TOKEN or request access to the gated repository.`,
      ],
      shows: 'you are not in the authorized list',
      remedy: 'licence',
    },
    {
      name: 'model-token-invalid',
      summary: 'the token of the Hub is not valid: 401',
      cause: 'model.access-denied',
      says: [
        'Invalid credentials in Authorization header',
        `${FAILED} HuggingFace authentication failed. Set HF_TOKEN or request access to the gated repository.`,
      ],
      shows: 'Invalid credentials in Authorization header',
    },
    {
      name: 'model-misspelt',
      summary: 'the model does not exist',
      cause: 'model.not-found',
      says: [
        'huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error. Repository Not Found for url: https://huggingface.co/api/models/Qwen/Qwen9.',
      ],
    },
    {
      name: 'model-revision',
      summary: 'the revision of the model does not exist: 404',
      cause: 'model.not-found',
      says: [
        `Revision Not Found for url: ${API}/v9.`,
        'Invalid rev id: v9',
        `${FAILED} HuggingFace resource 'Qwen/Qwen3-0.6B' not found.`,
      ],
      shows: 'Revision Not Found for url',
      remedy: 'spec.model.uri',
    },
    {
      name: 'model-rate-limit',
      summary: 'the Hub limits the rate of downloads: 429',
      cause: 'model.rate-limited',
      says: [
        `429 Too Many Requests for url: ${API}/main.`,
        "We had to rate limit your IP (192.0.2.7). To continue using our service, create a HF account or login to your existing account, and make sure you pass a HF_TOKEN if you're using the API.",
        NOT_CACHED,
      ],
      shows: '429 Too Many Requests for url',
    },
    {
      name: 'hub-unavailable',
      summary: 'the Hub is down: 503',
      cause: 'model.unreachable',
      says: [
        `${UNEXPECTED} Got: HfHubHTTPError: Server error '503 Service Unavailable' for url '${API}/main' (Request ID: Root=1-00000000-000000000000000000000000)`,
        NOT_CACHED,
      ],
      shows: "Server error '503 Service Unavailable'",
    },
    {
      name: 'hub-tls-inspected',
      summary: 'a proxy on the way inspects TLS',
      cause: 'model.tls-untrusted',
      says: [
        `${UNEXPECTED} Got: ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)`,
        NOT_CACHED,
      ],
      shows: 'unable to get local issuer certificate',
      remedy: 'caBundleConfigMapName',
    },
    {
      name: 'proxy-unreachable',
      summary: 'nothing listens where HTTPS_PROXY points',
      cause: 'model.unreachable',
      says: [`${UNEXPECTED} Got: ConnectError: [Errno 111] Connection refused`, NOT_CACHED],
      shows: 'Connection refused',
      remedy: 'HTTPS_PROXY',
    },
    {
      name: 'proxy-credentials',
      summary: 'the proxy wants credentials: 407',
      cause: 'model.proxy',
      says: [`${UNEXPECTED} 407 Proxy Authentication Required`],
      shows: '407 Proxy Authentication Required',
      remedy: 'HTTPS_PROXY',
    },
    {
      name: 'bucket-forbidden',
      summary: 'the service account may not read the bucket: 403',
      cause: 'model.access-denied',
      says: [
        `${GCS} 403 GET https://storage.googleapis.com/storage/v1/b/example-models/o?projection=noAcl&prefix=qwen3%2F&prettyPrint=false: gate@example.iam.gserviceaccount.com does not have storage.objects.list access to the Google Cloud Storage bucket.`,
        `${FAILED} Access denied to GCS resource 'example-models'. Verify permissions.`,
      ],
      shows: 'does not have storage.objects.list access',
      remedy: 'roles/storage.objectViewer',
    },
    {
      name: 'bucket-missing',
      summary: 'the bucket does not exist: 404',
      cause: 'model.not-found',
      says: [
        `${GCS} 404 GET https://storage.googleapis.com/storage/v1/b/example-models/o?projection=noAcl&prefix=qwen3%2F&prettyPrint=false: The specified bucket does not exist.`,
        `${FAILED} GCS resource 'example-models' not found.`,
      ],
      shows: 'The specified bucket does not exist',
    },
    {
      name: 'model-address',
      summary: 'the address of the model is none of the storage initializer',
      cause: 'model.bad-uri',
      says: [
        `${FAILED} Invalid Hugging Face URI format. Expected 'hf://owner/model[:revision]', got 'hf://Qwen/Qwen3-0.6B/main'`,
      ],
      shows: 'Invalid Hugging Face URI format',
    },
    {
      name: 'model-dns',
      summary: 'the cluster’s DNS does not answer',
      cause: 'model.dns',
      says: [
        "requests.exceptions.ConnectionError: Failed to resolve 'huggingface.co' ([Errno -2] Name or service not known)",
      ],
    },
    {
      name: 'model-no-way',
      summary: 'the nodes have no way to the internet',
      cause: 'model.unreachable',
      says: ['requests.exceptions.ConnectTimeout: Connection to huggingface.co timed out. (connect timeout=10)'],
    },
    {
      name: 'model-disk',
      summary: 'the disk of the node is full',
      cause: 'model.disk-full',
      says: [
        'Fetching 1 files:   0%|          | 0/1 [00:00<?, ?it/s]',
        `${UNEXPECTED} [Errno 28] No space left on device`,
      ],
      shows: 'No space left on device',
    },
  ]),
  scenario('model-slow', 'the download outlasts the wait', 'ready.downloading', {
    cluster: { containers: [{ in: 'replica', container: 'storage-initializer', says: ['Fetching 12 files:  17%'] }] },
    flags: SHORT,
  }),
];
