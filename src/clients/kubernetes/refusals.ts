import { type Refusal, type RefusalRow, rowFor } from '../../lib/refusal.ts';

/** What a call of the Kubernetes API was about, as far as the answer or the caller knows it. */
export interface KubePlace {
  namespace: string | null;
  kind: string | null;
  name: string | null;
}

const inNamespace = ({ namespace }: KubePlace) => (namespace ? `kubectl -n ${namespace}` : 'kubectl');

/** `verb`, `resource` and `group` of RBAC's sentence, which also has the user and the namespace. */
const RBAC =
  /User "([\w@.:/+-]+)" cannot (\w+) resource "([\w./-]+)" in API group "([\w.-]*)"(?: in the namespace "([\w.-]+)")?/;

function grant({ text }: Refusal): string {
  const [, user, verb, resource, group, namespace] = RBAC.exec(text) ?? [];
  if (!user) return 'Grant the missing rule to the identity by a Role or an IAM role.';
  const what = group ? `${resource?.replace(/\/.*/, '')}.${group}${/\/.*/.exec(resource ?? '')?.[0] ?? ''}` : resource;
  const name = 'tpu-serving-gate-missing';
  return namespace
    ? `kubectl -n ${namespace} create role ${name} --verb ${verb} --resource ${what}; kubectl -n ${namespace} create rolebinding ${name} --role ${name} --user "${user}"`
    : `kubectl create clusterrole ${name} --verb ${verb} --resource ${what}; kubectl create clusterrolebinding ${name} --clusterrole ${name} --user "${user}"`;
}

/** `https://SERVICE.NAMESPACE.svc:443/…` of a call to a webhook. */
function serviceOf({ text }: Refusal): { service: string; namespace: string } {
  const [, service = 'SERVICE', namespace = 'NAMESPACE'] = /https:\/\/([\w-]+)\.([\w-]+)\.svc\b/.exec(text) ?? [];
  return { service, namespace };
}

function webhook(refusal: Refusal): string {
  const { service, namespace } = serviceOf(refusal);
  if (/x509|certificate/i.test(refusal.text)) {
    return `The API server does not trust the webhook’s certificate. See that its caBundle is the issuer’s: kubectl -n ${namespace} get certificates,secrets`;
  }
  return `See that the pods behind the webhook are Ready: kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=${service}; kubectl -n ${namespace} get pods`;
}

const unavailable = () => 'Look whether the control plane is being upgraded or repaired, then run again.';

const SERVER_ERRORS = Array.from({ length: 100 }, (_, index) => 500 + index);

/**
 * What a refusal of the API server means. Reasons are those of a Status and of its causes; sentences are those of
 * k8s.io/apiserver and apiextensions-apiserver.
 */
export const KUBE_REFUSALS: readonly RefusalRow<KubePlace>[] = [
  {
    code: 'apply-conflict',
    next: 'final',
    reasons: ['FieldManagerConflict'],
    remedy: () => 'Remove these fields from the manifest, or set "force-conflicts: true" to take them over.',
  },
  {
    code: 'namespace-terminating',
    next: 'final',
    reasons: ['NamespaceTerminating'],
    words: /because it is being terminated/,
    remedy: ({ text }, { namespace }) => {
      const name = namespace ?? / in namespace (\S+) because/.exec(text)?.[1] ?? 'NAMESPACE';
      return `Wait until the namespace has gone, then create it again. Its conditions name what holds it: kubectl get namespace ${name} -o yaml`;
    },
  },
  {
    code: 'admission-refused',
    next: 'final',
    words:
      /admission webhook "[^"]+" denied the request|policy ['"][^'"]+['"](?: with binding '[^']+')? denied request/i,
    remedy: ({ text }) => {
      const [, name] = /(?:admission webhook|policy) ['"]([^'"]+)['"]/i.exec(text) ?? [];
      return `Change the manifest as the message demands. The rule is ${name ?? 'one of the cluster'}: not a missing permission.`;
    },
  },
  {
    code: 'conversion-webhook',
    next: 'again',
    words: /conversion webhook for .* (?:failed|returned)/,
    remedy: webhook,
  },
  {
    code: 'webhook-down',
    next: 'again',
    words: /failed calling webhook|failed to call webhook/,
    remedy: webhook,
  },
  {
    code: 'manifest-refused',
    next: 'final',
    // Server-side apply answers an unknown field with a 500, which no retry heals.
    words: /failed to create typed patch object|field not declared/,
    remedy: () => 'Correct the named field in the manifest.',
  },
  {
    code: 'namespace-quota',
    next: 'final',
    statuses: [403],
    words: /exceeded quota: |failed quota: /,
    remedy: ({ text }, place) => {
      const [, quota = 'QUOTA'] = /(?:exceeded|failed) quota: ([\w.-]+)/.exec(text) ?? [];
      return `Free what uses the quota, or raise it: ${inNamespace(place)} describe resourcequota ${quota}`;
    },
  },
  {
    code: 'admission-refused',
    next: 'final',
    statuses: [403],
    words: /violates PodSecurity|(?:maximum|minimum) [\w.-]+ usage per \w+ is|limit to request ratio per \w+/,
    remedy: () =>
      'Change the manifest: an admission rule of the cluster refused it, not a missing permission; the message names the rule.',
  },
  {
    code: 'manifest-exported',
    next: 'final',
    words:
      /uid mismatch: |UID in precondition|resourceVersion should not be set|managedFields must be nil|metadata\.(?:uid|resourceVersion|generation): (?:Forbidden|Invalid value: .*field is immutable)/,
    remedy: exported,
  },
  {
    code: 'kube-permission',
    next: 'final',
    words: /container\.clusters\.connect/,
    remedy: () =>
      'Grant container.clusters.connect to the identity: gcloud projects add-iam-policy-binding PROJECT --member MEMBER --role roles/container.clusterViewer',
  },
  {
    code: 'kube-permission',
    next: 'final',
    statuses: [403],
    words: / cannot \w+ (?:resource|path) "|attempting to grant RBAC permissions|requires one of \["/,
    remedy: grant,
  },
  {
    code: 'kube-token',
    next: 'final',
    statuses: [401],
    remedy: () =>
      'The cluster did not accept the access token. The identity needs container.clusters.connect or a role on the project: gcloud projects get-iam-policy PROJECT. On the command line sign in again: gcloud auth application-default login.',
  },
  {
    code: 'namespace-missing',
    next: 'final',
    statuses: [404],
    words: /^namespaces "/,
    remedy: ({ text }) => {
      const [, name = 'NAMESPACE'] = /^namespaces "([^"]+)"/.exec(text) ?? [];
      return `Create the namespace (kubectl create namespace ${name}), or correct the input "namespace".`;
    },
  },
  {
    code: 'manifest-immutable',
    next: 'final',
    statuses: [422],
    words: /field is immutable/,
    remedy: (_, place) =>
      `Delete the object before the run, or leave the field as it is: ${inNamespace(place)} delete ${place.kind ?? 'KIND'} ${place.name ?? 'NAME'}`,
  },
  {
    code: 'manifest-refused',
    next: 'final',
    statuses: [400, 413, 422],
    remedy: () => 'Correct the named field in the manifest.',
  },
  {
    code: 'kube-api',
    next: 'again',
    statuses: [429, ...SERVER_ERRORS],
    remedy: unavailable,
  },
  {
    // A group that every cluster has, on a server that does not serve it yet. Of other groups it is an absence.
    code: 'kube-api',
    next: 'again',
    statuses: [404],
    words: /^404 page not found/,
    remedy: unavailable,
  },
];

/** What to take out of a manifest that was exported. */
export function exported(): string {
  return 'Remove metadata.uid, metadata.resourceVersion, metadata.managedFields, metadata.creationTimestamp, metadata.generation and status from the manifest: only the cluster sets them.';
}

/** The row that fits a refusal; null for a reason of its own. */
export function kubeRow(refusal: Refusal): RefusalRow<KubePlace> | null {
  // A webhook chooses status and reason of its denial by itself: they are not the API server's.
  const reasons = /^admission webhook "/.test(refusal.text) ? [] : refusal.reasons;
  return rowFor(KUBE_REFUSALS, { ...refusal, reasons });
}
