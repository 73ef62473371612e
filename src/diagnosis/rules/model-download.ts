import { capital, logRule } from './log-rule.ts';
import { namespaceOf, type Rule, TEMPLATE } from './rule.ts';

/** The model could not be fetched: access, names, network, disk. */
export const MODEL_DOWNLOAD_RULES: readonly Rule[] = [
  logRule({
    cause: 'model.access-denied',
    title: 'The model may not be downloaded',
    blame: 'config',
    looksLike: 'the storage initializer is answered with 401, 403 or "gated repo"',
    roles: ['replica'],
    pattern:
      /gated repo|GatedRepoError|(?:401|403) Client Error|access to model \S+ is restricted|Invalid (?:user )?token|Invalid username or password/i,
    explanation: (_, where) =>
      `The source of the model refuses ${where}: the model is gated, or the token is missing or wrong.`,
    path: ['spec', 'model', 'uri'],
    remedy: (evidence) =>
      `Accept the model's licence for the token's account, and give the token to the init container by the pod's ServiceAccount: kubectl -n ${namespaceOf(evidence)} get serviceaccount default -o yaml. HF_TOKEN on "main" is not what downloads.`,
  }),
  logRule({
    cause: 'model.not-found',
    title: 'The model does not exist',
    blame: 'change',
    looksLike: 'the storage initializer is answered with 404 or RepositoryNotFound',
    roles: ['replica'],
    pattern: /RepositoryNotFoundError|404 Client Error|Repository Not Found|NoSuchKey|bucket does not exist/i,
    explanation: (_, where) => `The source that ${where} asks has no model of that name.`,
    path: ['spec', 'model', 'uri'],
    remedy: () => 'Correct spec.model.uri: hf://OWNER/NAME, gs://BUCKET/PATH or pvc://CLAIM/PATH.',
  }),
  logRule({
    cause: 'policy.dns-blocked',
    title: 'A NetworkPolicy keeps the pods from resolving names',
    blame: 'change',
    looksLike: '"Name or service not known" in the storage initializer, and no policy lets its pods reach DNS',
    roles: ['replica'],
    pattern: /name or service not known|temporary failure in name resolution|could not resolve host|no such host/i,
    blocked: 'DNS',
    explanation: (_, where) => `${capital(where)} cannot resolve names, and no NetworkPolicy of its pod allows UDP 53.`,
    remedy: () =>
      'Allow egress to kube-dns and to 169.254.20.10/32 on UDP and TCP 53, as manifests/pattern3/networkpolicies/allow-vllm-egress.yaml does.',
  }),
  logRule({
    cause: 'model.dns',
    title: 'The name of the model’s source cannot be resolved',
    blame: 'cluster',
    looksLike: '"Name or service not known" in the storage initializer, and no policy is in the way',
    roles: ['replica'],
    pattern: /name or service not known|temporary failure in name resolution|could not resolve host|no such host/i,
    explanation: (_, where) =>
      `${capital(where)} cannot resolve names, although no NetworkPolicy stops it: the cluster's DNS does not answer.`,
    remedy: () => 'kubectl -n kube-system get pods -l k8s-app=kube-dns; look at NodeLocal DNSCache too.',
  }),
  logRule({
    cause: 'policy.egress-blocked',
    title: 'A NetworkPolicy keeps the pods from the model’s source',
    blame: 'change',
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
    title: 'The model’s source does not answer',
    blame: 'cluster',
    looksLike: 'the download times out, and no policy is in the way: no NAT, or the source is down',
    roles: ['replica'],
    container: /storage-initializer/,
    pattern:
      /connect(?:ion)?(?: to \S+)? timed out|ConnectTimeout|Max retries exceeded|Network is unreachable|50[0234] Server Error/i,
    explanation: (_, where) =>
      `The download in ${where} gets no answer, and no NetworkPolicy stops it: nodes without Cloud NAT have no way out, or the source is down.`,
    remedy: () => 'Look at Cloud NAT of the network of the nodes, and at https://status.huggingface.co.',
    confidence: 'probable',
  }),
  logRule({
    cause: 'model.disk-full',
    title: 'The node has no room for the model',
    blame: 'config',
    looksLike: '"No space left on device", or the pod was evicted for ephemeral storage',
    roles: ['replica'],
    pattern: /no space left on device|ENOSPC/i,
    explanation: (_, where) => `${capital(where)} filled its disk.`,
    path: [...TEMPLATE, 'volumes'],
    remedy: () => 'Recreate the pool with a larger boot disk (--disk-size), or give the model a volume.',
  }),

  // Sidecars.
];
