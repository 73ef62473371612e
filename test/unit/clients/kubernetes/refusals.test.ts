import { describe, expect, it } from 'vitest';
import { exportedFailure, kubeFailure } from '../../../../src/clients/kubernetes/failures.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';

/** A Status as the API server sends it. */
interface Given {
  status: number;
  reason?: string;
  causes?: { reason?: string; message?: string; field?: string }[];
  words: string;
}

const given = (status: number, reason: string, words: string, causes: Given['causes'] = []): Given => ({
  ...{ status, reason, words, causes },
});

type Wanted = [code: string, blame: string, retried: boolean, hint: RegExp];

const forbidden = (words: string, causes: Given['causes'] = []) =>
  given(403, 'Forbidden', `networkpolicies.networking.k8s.io "a" is forbidden: ${words}`, causes);
const internal = (words: string) => given(500, 'InternalError', `Internal error occurred: ${words}`);

const WEBHOOK_POST = 'failed to call webhook: Post "https://llmisvc-webhook.kserve.svc:443/validate?timeout=10s": ';

const CASES: [Given, Wanted][] = [
  // Rights.
  [
    forbidden(
      'User "gate@x" cannot patch resource "networkpolicies" in API group "networking.k8s.io" in the namespace "ns"',
    ),
    [
      'kube-permission',
      'config',
      false,
      /kubectl -n ns create role \S+ --verb patch --resource networkpolicies\.networking\.k8s\.io; .*--user "gate@x"/,
    ],
  ],
  [
    forbidden(
      'User "gate@x" cannot list resource "nodes" in API group "" at the cluster scope: requires one of ["container.nodes.list"] permission(s).',
    ),
    ['kube-permission', 'config', false, /create clusterrole \S+ --verb list --resource nodes;/],
  ],
  [
    forbidden('user "gate@x" is attempting to grant RBAC permissions not currently held'),
    ['kube-permission', 'config', false, /Role/],
  ],
  [given(401, 'Unauthorized', 'Unauthorized'), ['kube-token', 'config', false, /container\.clusters\.connect/]],
  // Namespaces.
  [
    forbidden('unable to create new content in namespace ns because it is being terminated', [
      { reason: 'NamespaceTerminating', message: 'namespace ns is being terminated', field: 'metadata.namespace' },
    ]),
    ['namespace-terminating', 'cluster', false, /kubectl get namespace ns -o yaml/],
  ],
  [
    forbidden('unable to create new content in namespace ns because it is being terminated'),
    ['namespace-terminating', 'cluster', false, /get namespace ns/],
  ],
  [
    given(404, 'NotFound', 'namespaces "ns" not found'),
    ['namespace-missing', 'config', false, /kubectl create namespace ns/],
  ],
  [
    forbidden('exceeded quota: compute, requested: pods=1, used: pods=3, limited: pods=3'),
    ['namespace-quota', 'cluster', false, /kubectl -n ns describe resourcequota compute/],
  ],
  [
    forbidden('failed quota: compute: must specify limits.cpu for: main'),
    ['namespace-quota', 'cluster', false, /resourcequota compute/],
  ],
  // Admission.
  [
    forbidden('violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'),
    ['admission-refused', 'change', false, /not a missing permission/],
  ],
  [
    forbidden('maximum cpu usage per Container is 2, but limit is 4'),
    ['admission-refused', 'change', false, /not a missing permission/],
  ],
  [
    given(
      403,
      'Forbidden',
      'admission webhook "validation.gatekeeper.sh" denied the request: [labels] you must provide labels: {"owner"}',
    ),
    ['admission-refused', 'change', false, /validation\.gatekeeper\.sh/],
  ],
  // A webhook chooses its own status and reason, which are not the API server's.
  [
    given(429, 'TooManyRequests', 'admission webhook "w.example" denied the request: too many services'),
    ['admission-refused', 'change', false, /w\.example/],
  ],
  [
    given(401, 'Unauthorized', 'admission webhook "w.example" denied the request: exceeded quota: none left'),
    ['admission-refused', 'change', false, /w\.example/],
  ],
  [
    given(400, 'BadRequest', 'admission webhook "llmisvc.kserve" denied the request: spec.model.uri is required'),
    ['admission-refused', 'change', false, /llmisvc\.kserve/],
  ],
  [
    given(
      422,
      'Invalid',
      "services \"a\" is forbidden: ValidatingAdmissionPolicy 'no-public' with binding 'all' denied request: not public",
    ),
    ['admission-refused', 'change', false, /no-public/],
  ],
  // Webhooks that are down.
  [
    internal(
      `failed calling webhook "llmisvc.kserve": ${WEBHOOK_POST}no endpoints available for service "llmisvc-webhook"`,
    ),
    [
      'webhook-down',
      'cluster',
      true,
      /kubectl -n kserve get endpointslices -l kubernetes\.io\/service-name=llmisvc-webhook/,
    ],
  ],
  [
    internal(
      `failed calling webhook "llmisvc.kserve": ${WEBHOOK_POST}dial tcp 10.0.0.1:443: connect: connection refused`,
    ),
    ['webhook-down', 'cluster', true, /kubectl -n kserve get pods/],
  ],
  [
    internal(`failed calling webhook "llmisvc.kserve": ${WEBHOOK_POST}context deadline exceeded`),
    ['webhook-down', 'cluster', true, /kubectl -n kserve/],
  ],
  [
    internal(
      `failed calling webhook "llmisvc.kserve": ${WEBHOOK_POST}tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    ),
    ['webhook-down', 'cluster', true, /caBundle/],
  ],
  [
    given(
      500,
      'InternalError',
      'conversion webhook for serving.kserve.io/v1alpha1, Kind=LLMInferenceService failed: Post "https://llmisvc-webhook.kserve.svc:443/convert?timeout=30s": no endpoints available for service "llmisvc-webhook"',
    ),
    ['conversion-webhook', 'cluster', true, /kubectl -n kserve/],
  ],
  // Manifests.
  [
    given(409, 'Conflict', 'Apply failed with 1 conflict: conflict with "helm": .spec.replicas', [
      { reason: 'FieldManagerConflict', message: 'conflict with "helm"', field: '.spec.replicas' },
    ]),
    ['apply-conflict', 'change', false, /force-conflicts/],
  ],
  [
    given(
      409,
      'Conflict',
      'Operation cannot be fulfilled on configmaps "a": uid mismatch: the provided object specified uid 1-2-3, and no existing object was found',
    ),
    ['manifest-exported', 'change', false, /metadata\.resourceVersion/],
  ],
  [
    given(409, 'Conflict', 'Precondition failed: UID in precondition: 1-2-3, UID in object meta: 4-5-6'),
    ['manifest-exported', 'change', false, /metadata\.uid/],
  ],
  [
    internal('resourceVersion should not be set on objects to be created'),
    ['manifest-exported', 'change', false, /metadata\.uid/],
  ],
  [
    given(400, 'BadRequest', 'metadata.managedFields must be nil'),
    ['manifest-exported', 'change', false, /managedFields/],
  ],
  [
    given(422, 'Invalid', 'configmaps "a" is invalid: metadata.uid: Invalid value: "1-2-3": field is immutable'),
    ['manifest-exported', 'change', false, /metadata\.uid/],
  ],
  [
    given(
      422,
      'Invalid',
      'Deployment.apps "a" is invalid: spec.selector: Invalid value: {"a":"b"}: field is immutable',
    ),
    ['manifest-immutable', 'change', false, /kubectl -n ns delete/],
  ],
  [
    given(422, 'Invalid', 'NetworkPolicy.networking.k8s.io "a" is invalid: spec.ingress[0]: Required value'),
    ['manifest-refused', 'change', false, /named field/],
  ],
  [
    given(
      500,
      '',
      'failed to create typed patch object (ns/a; v1, Kind=ConfigMap): .spec.replicaz: field not declared in schema',
    ),
    ['manifest-refused', 'change', false, /named field/],
  ],
  // The server.
  [given(429, 'TooManyRequests', 'too many requests, please try again later'), ['kube-api', 'cluster', true, /again/]],
  [
    given(503, 'ServiceUnavailable', 'the server is currently unable to handle the request'),
    ['kube-api', 'cluster', true, /again/],
  ],
  [internal('etcdserver: request timed out'), ['kube-api', 'cluster', true, /again/]],
  [
    given(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout'),
    ['kube-api', 'cluster', true, /again/],
  ],
];

/** Near misses: the server's own sentence, `probable` at most, and no remedy of another cause. */
const OWN: Given[] = [
  forbidden('the moon is in the wrong phase'),
  forbidden('not yet ready to handle request'),
  forbidden('the quota page says that you may not'),
  forbidden('the service account of the webhook is unknown'),
  given(409, 'AlreadyExists', 'configmaps "a" already exists'),
  given(
    409,
    'Conflict',
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
  ),
  given(404, 'NotFound', 'configmaps "namespaces" not found'),
  given(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource'),
  given(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format'),
];

const refused = ({ status, reason, causes, words }: Given) => {
  const body = { kind: 'Status', status: 'Failure', code: status, reason, message: words, details: { causes } };
  return kubeFailure('NetworkPolicy a in ns', { status, body: JSON.stringify(body), retryAfterMs: 0 }, 'deploy');
};

describe('a refusal of the Kubernetes API', () => {
  it.each(CASES)('%j', (answer, [code, blame, retried, hint]) => {
    const failure = refused(answer);
    expect([failure.code, failure.blame, failure.evidence.retryable === true]).toEqual([code, blame, retried]);
    expect(failure.hint).toMatch(hint);
    expect(failure.hint).not.toMatch(/undefined|null|docs\/|manifests\//);
    if (code !== 'apply-conflict') expect(failure.message).toContain(answer.words);
  });

  it.each(OWN)('for a reason of its own: %j', (answer) => {
    const failure = refused(answer);
    expect(failure).toMatchObject({ code: 'kube-refused', hint: undefined });
    expect(failure.message).toBe(`NetworkPolicy a in ns: ${answer.words}`);
  });

  it('by the front end of the DNS endpoint is one of rights, though it is no Status', () => {
    const body = JSON.stringify({ error: { code: 403, message: "Permission 'container.clusters.connect' denied." } });
    const failure = kubeFailure('Kubernetes version', { status: 403, body, retryAfterMs: 0 }, 'preflight');
    expect(failure).toMatchObject({ code: 'kube-permission', hint: expect.stringContaining('add-iam-policy-binding') });
  });

  it('by anything else that sends no Status is laid to whatever is in between', () => {
    const answer = { status: 403, body: '<html>Forbidden by the proxy</html>', retryAfterMs: 0 };
    expect(kubeFailure('Kubernetes version', answer, 'preflight').code).toBe('kube-answer');
  });

  it('of a version that has passed is the manifest’s only where the manifest names a version', () => {
    const failure = refused(OWN[5]!);
    const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'ns' } };
    expect(exportedFailure(failure, object)).toBe(failure);
    const from = { ...object, metadata: { ...object.metadata, resourceVersion: '7' } };
    expect(exportedFailure(failure, from)).toMatchObject({ code: 'manifest-exported', blame: 'change' });
    expect(exportedFailure(refused(CASES[0]![0]), from)).toMatchObject({ code: 'kube-permission' });
  });
});
