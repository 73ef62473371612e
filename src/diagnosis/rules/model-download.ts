import { capital, logRule } from './log-rule.ts';
import { namespaceOf, type Rule, TEMPLATE } from './rule.ts';

/** A refusal in these words, but not of a URL that no model comes from: programs send statistics and traces too. */
function refusal(words: string): RegExp {
  const source = 'huggingface|hf|googleapis|amazonaws';
  return new RegExp(`^(?!.*\\burl:? '?https?://(?!\\S*(?:${source}))).*(?:${words})`, 'i');
}

/** The model could not be fetched: access, names, network, disk. */
export const MODEL_DOWNLOAD_RULES: readonly Rule[] = [
  logRule({
    cause: 'model.bad-uri',
    title: 'The address of the model cannot be read',
    looksLike: '"Invalid Hugging Face URI format" or "Cannot recognize storage type" from the storage initializer',
    roles: ['replica'],
    pattern:
      /(?:Invalid Hugging Face URI format|Cannot recognize storage type for|Hugging Face (?:model name|repository owner) cannot be empty|Cannot locate source uri).*?\b([a-z][a-z0-9+.-]*:\/\/[^\s']+)/i,
    explanation: ([, uri], where) => `The storage initializer in ${where} has no way to read ${uri}.`,
    path: ['spec', 'model', 'uri'],
    remedy: () => 'Correct spec.model.uri: hf://OWNER/NAME:REVISION, gs://BUCKET/PATH or pvc://CLAIM/PATH.',
  }),
  logRule({
    cause: 'model.rate-limited',
    title: 'The source of the model limits the rate of downloads',
    looksLike: 'the source responds with 429, or "We had to rate limit your IP"',
    roles: ['replica'],
    pattern: refusal("\\b429 (?:Client Error|Too Many Requests)|Client error '429|We had to rate limit your IP"),
    explanation: (_, where) =>
      `The source of the model refuses ${where} because there are too many requests, whoever asks. Nodes behind one Cloud NAT share an address.`,
    remedy: () =>
      'Run again later, download with a token of your own, or keep the model in a bucket: spec.model.uri gs://BUCKET/PATH.',
  }),
  logRule({
    cause: 'model.tls-untrusted',
    title: 'The certificate of the model’s source is not trusted',
    looksLike:
      '"CERTIFICATE_VERIFY_FAILED" in the storage initializer: a proxy that inspects TLS shows its own certificate',
    roles: ['replica'],
    container: /storage-initializer/,
    // One that has expired is not a proxy's.
    pattern:
      /certificate verify failed: ((?:unable to get (?:local )?issuer|self[- ]signed)[^("]+)|x509: certificate signed by unknown authority/i,
    explanation: ([, why], where) =>
      `The download in ${where} was shown a certificate that it does not trust${why ? ` (${why.trim()})` : ''}: a proxy on the way ends TLS with its own.`,
    remedy: () =>
      "Give the storage initializer the proxy's authority: a ConfigMap with cabundle.crt in the namespace, named as caBundleConfigMapName in the storageInitializer of ConfigMap inferenceservice-config. Or exempt the source from inspection.",
  }),
  logRule({
    cause: 'model.proxy',
    title: 'The proxy does not let the download through',
    looksLike: '"407 Proxy Authentication Required" or "Cannot connect to proxy" in the storage initializer',
    roles: ['replica'],
    container: /storage-initializer/,
    // A refused CONNECT is a bare status. A source's own refusal names its URL.
    pattern:
      /407 Proxy Authentication Required|Tunnel connection failed|Cannot connect to proxy|initialization: 403 Forbidden$/i,
    explanation: (_, where) =>
      `The download in ${where} goes by the proxy of HTTPS_PROXY, which refuses it or is not there.`,
    remedy: () =>
      'Correct HTTPS_PROXY and its credentials on the storage initializer, or let the proxy pass huggingface.co and storage.googleapis.com.',
  }),
  logRule({
    cause: 'model.not-found',
    title: 'The model does not exist',
    looksLike: 'the source responds with 404 or "Repository Not Found"',
    roles: ['replica'],
    // The Hub conceals private models with the same words, and with 401 from who has no token.
    pattern:
      /(?:Repository|Revision) Not Found for|NoSuchKey|NoSuchBucket|bucket does not exist|No model found in|Local path \S+ does not exist|is not a local folder and is not a valid model identifier/i,
    vaguer: refusal(
      "RepositoryNotFoundError|404 Client Error|Client error '404|Repository Not Found|\\w+ resource '\\S+' not found",
    ),
    explanation: (_, where) =>
      `The source that ${where} asks knows no such model: its name or revision is wrong, or it is private and the token may not see it.`,
    path: ['spec', 'model', 'uri'],
    remedy: () => 'Correct spec.model.uri: hf://OWNER/NAME:REVISION, gs://BUCKET/PATH or pvc://CLAIM/PATH.',
  }),
  logRule({
    cause: 'model.access-denied',
    title: 'The model may not be downloaded',
    looksLike: 'the source responds with 401, 403 or "gated repo"',
    roles: ['replica'],
    pattern:
      /access to model \S+ is restricted|Invalid (?:user )?token|Invalid username or password|Invalid credentials in|Anonymous c(?:aller|redentials)|does not have storage\.\S+ access/i,
    vaguer: refusal(
      "gated repo|GatedRepoError|(?:401|403) Client Error|Client error '40[13]|Access denied to \\S+ resource",
    ),
    explanation: (_, where) =>
      `The source of the model refuses ${where}: the model is gated or private, and the token or the service account is missing or has no access.`,
    path: ['spec', 'model', 'uri'],
    remedy: (evidence) =>
      `For hf:// accept the model's licence for the token's account. Give the token to the init container by the pod's ServiceAccount: kubectl -n ${namespaceOf(evidence)} get serviceaccount default -o yaml. HF_TOKEN on "main" does not reach the download. For gs:// grant that ServiceAccount roles/storage.objectViewer on the bucket.`,
  }),
  logRule({
    cause: 'policy.dns-blocked',
    title: 'A NetworkPolicy keeps the pods from resolving names',
    looksLike: '"Name or service not known" in the storage initializer, and no policy lets its pods reach DNS',
    roles: ['replica'],
    pattern: /name or service not known|temporary failure in name resolution|could not resolve host|no such host/i,
    blocked: 'DNS',
    explanation: (_, where) => `${capital(where)} cannot resolve names, and no NetworkPolicy of its pod allows UDP 53.`,
    remedy: () =>
      'Give a NetworkPolicy of the pods an egress rule for UDP and TCP 53, to kube-dns in kube-system and to 169.254.20.10/32, which is NodeLocal DNSCache.',
  }),
  logRule({
    cause: 'model.dns',
    title: 'The name of the model’s source cannot be resolved',
    looksLike: '"Name or service not known" in the storage initializer, and no policy is in the way',
    roles: ['replica'],
    pattern: /name or service not known|temporary failure in name resolution|could not resolve host|no such host/i,
    explanation: (_, where) =>
      `${capital(where)} cannot resolve names, although no NetworkPolicy stops it: the cluster's DNS does not respond.`,
    remedy: () => 'kubectl -n kube-system get pods -l k8s-app=kube-dns; look at NodeLocal DNSCache too.',
  }),
  logRule({
    cause: 'policy.egress-blocked',
    title: 'A NetworkPolicy keeps the pods from the model’s source',
    looksLike: 'the download times out, and no policy lets the pods reach TCP 443 outside',
    roles: ['replica'],
    pattern: /connect(?:ion)?(?: to \S+)? timed out|ConnectTimeout|Max retries exceeded|Network is unreachable/i,
    blocked: 'internet',
    explanation: (_, where) =>
      `The download in ${where} gets no connection, and no NetworkPolicy of its pod allows TCP 443 to public addresses.`,
    remedy: () =>
      'Allow egress on TCP 443 to 0.0.0.0/0 except the private ranges; a namespaceSelector matches pods, never the internet.',
  }),
  logRule({
    cause: 'model.unreachable',
    title: 'The model’s source does not respond',
    looksLike: 'the download is refused, times out or ends in a 5xx, and no policy is in the way',
    roles: ['replica'],
    container: /storage-initializer/,
    pattern:
      /connect(?:ion)?(?: to \S+)? timed out|ConnectTimeout|ReadTimeout|Max retries exceeded|Network is unreachable|Connection (?:refused|reset)|50[0234] (?:Server Error|Internal|Bad Gateway|Service Unavailable|Gateway Time-?out)|Server error '50[0234]/i,
    explanation: (_, where) =>
      `The download in ${where} fails on the way, and no NetworkPolicy stops it: the source is down, nodes without Cloud NAT have no way out, or HTTPS_PROXY names a proxy that is not there.`,
    remedy: () =>
      'Look at https://status.huggingface.co, at Cloud NAT of the network of the nodes, and at HTTPS_PROXY of the storage initializer.',
    confidence: 'probable',
  }),
  logRule({
    cause: 'model.disk-full',
    title: 'A container filled its disk',
    looksLike: '"No space left on device", or the pod was evicted for ephemeral storage',
    roles: ['replica'],
    // An image that does not fit fills the disk of the node just as a model does.
    ofPulls: true,
    // Shared memory is full in the same words.
    pattern: /^(?!.*(?:\/dev\/shm|psm_|torch_)).*(?:no space left on device|ENOSPC)/i,
    explanation: (_, where) => `No space is left on the disk of ${where}.`,
    path: [...TEMPLATE, 'volumes'],
    remedy: () => 'Recreate the pool with a larger boot disk (--disk-size), or give the model a volume.',
  }),

  // Sidecars.
];
