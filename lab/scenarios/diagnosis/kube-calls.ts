import type { DiagnosisScenario } from '../types.ts';
import { error, manifest, NAMESPACE, scenario } from './shared.ts';

const SERVICE = 'qwen2-3b-pattern3';
/** Calls of the API server. */
const CALLS = {
  /** The dry run, and the apply after it. */
  service: 'PATCH /apis/serving\\.kserve\\.io/[^/]+/namespaces/[^/]+/llminferenceservices/',
  /** The apply alone: what changed after the dry run. */
  laterService: 'PATCH /apis/serving\\.kserve\\.io/[^/]+/namespaces/[^/]+/llminferenceservices/(?!.*dryRun=All)',
  policy: 'PATCH /apis/networking\\.k8s\\.io/v1/namespaces/[^/]+/networkpolicies/',
  services: 'GET /apis/serving\\.kserve\\.io/[^/]+/namespaces/[^/]+/llminferenceservices\\b',
  all: '\\w+ /',
} as const;

interface Row {
  name: string;
  summary: string;
  cause: string;
  call: keyof typeof CALLS;
  status: number;
  reason: string;
  words: string;
  causes?: readonly { reason: string; message: string; field?: string }[];
  /** The words unless given. */
  shows?: string;
  remedy?: string;
  outside?: true;
}

const WEBHOOK = 'llminferenceservice.kserve-webhook-server.validator';
const POST = `failed to call webhook: Post "https://llmisvc-webhook-server-service.kserve.svc:443/validate?timeout=10s":`;
const forbidden = (words: string) => `llminferenceservices.serving.kserve.io "${SERVICE}" is forbidden: ${words}`;

/** Sentences of k8s.io/apiserver and of public reports. */
const ROWS: readonly Row[] = [
  {
    name: 'webhook-no-endpoints',
    summary: 'the webhook of KServe has no endpoints',
    cause: 'kube.webhook',
    call: 'service',
    status: 500,
    reason: 'InternalError',
    words: `Internal error occurred: failed calling webhook "${WEBHOOK}": ${POST} no endpoints available for service "llmisvc-webhook-server-service"`,
    shows: 'no endpoints available for service',
    remedy: 'kubectl -n kserve get endpointslices -l kubernetes.io/service-name=llmisvc-webhook-server-service',
  },
  {
    name: 'webhook-untrusted',
    summary: 'the API server does not trust the certificate of the webhook of KServe',
    cause: 'kube.webhook',
    call: 'service',
    status: 500,
    reason: 'InternalError',
    words: `Internal error occurred: failed calling webhook "${WEBHOOK}": ${POST} tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    shows: 'x509: certificate signed by unknown authority',
    remedy: 'caBundle',
  },
  {
    name: 'conversion-webhook',
    summary: 'the conversion webhook of KServe has no endpoints',
    cause: 'kube.conversion-webhook',
    call: 'services',
    status: 500,
    reason: 'InternalError',
    words:
      'conversion webhook for serving.kserve.io/v1alpha2, Kind=LLMInferenceService failed: Post "https://llmisvc-webhook-server-service.kserve.svc:443/convert?timeout=30s": no endpoints available for service "llmisvc-webhook-server-service"',
    shows: 'conversion webhook for',
    remedy: 'kubectl -n kserve',
  },
  {
    name: 'namespace-terminating',
    summary: 'the namespace is being deleted once the nodes have been asked for',
    cause: 'namespace.terminating',
    call: 'laterService',
    status: 403,
    reason: 'Forbidden',
    words: forbidden(`unable to create new content in namespace ${NAMESPACE} because it is being terminated`),
    causes: [{ reason: 'NamespaceTerminating', message: `namespace ${NAMESPACE} is being terminated` }],
    shows: 'because it is being terminated',
    remedy: `kubectl get namespace ${NAMESPACE}`,
  },
  {
    name: 'object-quota',
    summary: 'the namespace may hold no further service',
    cause: 'namespace.quota',
    call: 'service',
    status: 403,
    reason: 'Forbidden',
    words: forbidden(
      'exceeded quota: objects, requested: count/llminferenceservices.serving.kserve.io=1, used: count/llminferenceservices.serving.kserve.io=2, limited: count/llminferenceservices.serving.kserve.io=2',
    ),
    shows: 'exceeded quota: objects',
    remedy: 'describe resourcequota objects',
  },
  {
    name: 'gatekeeper',
    summary: 'a policy of the cluster wants a label',
    cause: 'manifest.admission',
    call: 'service',
    status: 403,
    reason: 'Forbidden',
    words:
      'admission webhook "validation.gatekeeper.sh" denied the request: [all-must-have-owner] you must provide labels: {"owner"}',
    shows: 'you must provide labels',
    remedy: 'validation.gatekeeper.sh',
  },
  {
    name: 'admission-policy',
    summary: 'a ValidatingAdmissionPolicy refuses a NetworkPolicy',
    cause: 'manifest.admission',
    call: 'policy',
    status: 422,
    reason: 'Invalid',
    words:
      "networkpolicies.networking.k8s.io \"allow-vllm-egress-pattern3\" is forbidden: ValidatingAdmissionPolicy 'no-open-egress' with binding 'all' denied request: egress to 0.0.0.0/0 is not allowed",
    shows: 'egress to 0.0.0.0/0 is not allowed',
    remedy: 'no-open-egress',
  },
  {
    name: 'field-conflict',
    summary: 'another manager owns a field of the service',
    cause: 'manifest.conflict',
    call: 'service',
    status: 409,
    reason: 'Conflict',
    words: 'Apply failed with 1 conflict: conflict with "argocd-controller": .spec.replicas',
    causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "argocd-controller"', field: '.spec.replicas' }],
    shows: '.spec.replicas',
    remedy: 'force-conflicts',
  },
  {
    name: 'field-immutable',
    summary: 'a manifest changes a field that cannot be changed',
    cause: 'manifest.immutable',
    call: 'service',
    status: 422,
    reason: 'Invalid',
    words: `LLMInferenceService.serving.kserve.io "${SERVICE}" is invalid: spec.model.uri: Invalid value: "hf://Qwen/Qwen2.5-3B-Instruct": field is immutable`,
    shows: 'field is immutable',
  },
  {
    name: 'manifest-with-version',
    summary: 'a manifest has a resourceVersion, as kubectl get writes it',
    cause: 'manifest.exported',
    call: 'service',
    status: 500,
    reason: 'InternalError',
    words: 'Internal error occurred: resourceVersion should not be set on objects to be created',
    shows: 'resourceVersion should not be set on objects to be created',
    remedy: 'metadata.resourceVersion',
  },
  {
    name: 'token-refused',
    summary: 'the cluster does not accept the access token',
    cause: 'kube.token',
    call: 'all',
    status: 401,
    reason: 'Unauthorized',
    words: 'Unauthorized',
    remedy: 'container.clusters.connect',
  },
  {
    name: 'no-connect',
    summary: 'the identity may not connect to the cluster by its IAM roles',
    cause: 'kube.permission',
    call: 'services',
    status: 403,
    reason: 'Forbidden',
    words: `llminferenceservices.serving.kserve.io is forbidden: User "gate@lab-project.iam.gserviceaccount.com" cannot list resource "llminferenceservices" in API group "serving.kserve.io" in the namespace "${NAMESPACE}": requires one of ["container.thirdPartyObjects.list"] permission(s).`,
    shows: 'cannot list resource "llminferenceservices"',
    remedy: '--verb list --resource llminferenceservices.serving.kserve.io',
  },
  {
    name: 'control-plane-down',
    summary: 'the API server cannot serve for longer than the gate asks again',
    cause: 'kube.unavailable',
    call: 'all',
    status: 503,
    reason: 'ServiceUnavailable',
    words: 'the server is currently unable to handle the request',
  },
  {
    name: 'outside-kube-403',
    summary: 'the API server refuses the service for a reason that nobody has seen',
    cause: 'kube.refused',
    call: 'service',
    status: 403,
    reason: 'Forbidden',
    words: forbidden('the moon is in the wrong phase'),
    shows: 'the moon is in the wrong phase',
    outside: true,
  },
  {
    name: 'outside-kube-409',
    summary: 'the API server reports a conflict that is not of field managers',
    cause: 'kube.refused',
    call: 'laterService',
    status: 409,
    reason: 'Conflict',
    words: `Operation cannot be fulfilled on llminferenceservices.serving.kserve.io "${SERVICE}": the tide has turned`,
    shows: 'the tide has turned',
    outside: true,
  },
];

/** The service with further lines in its metadata. */
const withMetadata = (...lines: string[]): [string, string] => [
  `name: ${SERVICE}\nspec:`,
  [`name: ${SERVICE}`, ...lines.map((line) => `  ${line}`), 'spec:'].join('\n'),
];

const UID = 'uid: 6a3f7c3e-9d54-4a57-8a0c-5a1b8de3a111';

/** Calls of the API server that are refused each time, and manifests that it refuses. */
export const KUBE_CALL_SCENARIOS: readonly DiagnosisScenario[] = [
  ...ROWS.map(({ name, summary, cause, call, status, reason, words, causes, shows, remedy, outside }) =>
    scenario(name, summary, cause, {
      expect: error(cause),
      cluster: {
        refused: [
          { call: CALLS[call], status, body: { reason, message: words, ...(causes && { details: { causes } }) } },
        ],
      },
      shows: [shows ?? words],
      ...(remedy && { remedy }),
      ...(outside && { outside }),
    }),
  ),
  scenario('captive-portal', 'a page of somebody else comes in place of the API server', 'kube.answer', {
    cluster: {
      refused: [{ call: CALLS.all, status: 200, body: '<html><title>Sign in to the network</title></html>' }],
    },
    remedy: 'proxy',
  }),
  {
    ...manifest(
      'manifest-with-uid',
      'the manifest has the uid of another object, which a maintainer has allowed',
      'manifest.exported',
      withMetadata(UID),
    ),
    flags: ['--allowed-fields=LLMInferenceService:metadata.uid'],
    shows: ['metadata.uid'],
    remedy: 'metadata.uid',
  },
  {
    ...manifest(
      'manifest-exported',
      'the manifest was exported from another cluster, and nobody has allowed such fields',
      'manifest.exported',
      withMetadata(UID),
    ),
    shows: ['metadata.uid may not be set'],
    remedy: 'Remove metadata.uid',
  },
  {
    ...manifest('field-unknown', 'a field of the manifest is misspelt', 'manifest.refused', [
      '  replicas: 3\n',
      '  replicaz: 3\n  replicas: 3\n',
    ]),
    shows: ['llminferenceservice.yaml:13: spec.replicaz may not be set, and replicas may'],
  },
  scenario('namespace-absent', 'the input names a namespace that does not exist', 'namespace.missing', {
    flags: ['--namespace=elsewhere'],
    shows: ['elsewhere'],
    remedy: 'kubectl create namespace elsewhere',
  }),
];
