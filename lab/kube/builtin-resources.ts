/** One line a resource: kind, short names, scope, subresources, categories. */
export interface BuiltinResource {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  shortNames: string[];
  subresources: string[];
  categories: string[];
  /** Verbs when they are not the usual eight; reviews are create-only. */
  verbs?: string[];
}

/** Namespaces end one by one. */
const NO_DELETECOLLECTION = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

interface Extra {
  short?: string;
  sub?: string;
  all?: boolean;
  category?: string;
  cluster?: boolean;
  verbs?: string[];
}

const CREATE_ONLY = ['create'];

function of(group: string, version: string, rows: [plural: string, kind: string, extra?: Extra][]): BuiltinResource[] {
  return rows.map(([plural, kind, extra = {}]) => ({
    group,
    version,
    plural,
    kind,
    namespaced: !extra.cluster,
    shortNames: extra.short?.split(' ') ?? [],
    subresources: extra.sub?.split(' ') ?? [],
    categories: extra.category ? [extra.category] : extra.all ? ['all'] : [],
    ...(extra.verbs ? { verbs: extra.verbs } : {}),
  }));
}

export const BUILTIN_RESOURCES: BuiltinResource[] = [
  ...of('', 'v1', [
    ['configmaps', 'ConfigMap', { short: 'cm' }],
    ['endpoints', 'Endpoints', { short: 'ep' }],
    ['events', 'Event', { short: 'ev' }],
    ['limitranges', 'LimitRange', { short: 'limits' }],
    ['namespaces', 'Namespace', { short: 'ns', sub: 'finalize status', cluster: true, verbs: NO_DELETECOLLECTION }],
    ['nodes', 'Node', { short: 'no', sub: 'proxy status', cluster: true }],
    ['persistentvolumeclaims', 'PersistentVolumeClaim', { short: 'pvc', sub: 'status' }],
    ['persistentvolumes', 'PersistentVolume', { short: 'pv', sub: 'status', cluster: true }],
    [
      'pods',
      'Pod',
      {
        short: 'po',
        sub: 'attach binding ephemeralcontainers eviction exec log portforward proxy resize status',
        all: true,
      },
    ],
    ['podtemplates', 'PodTemplate'],
    ['resourcequotas', 'ResourceQuota', { short: 'quota', sub: 'status' }],
    ['secrets', 'Secret'],
    ['serviceaccounts', 'ServiceAccount', { short: 'sa', sub: 'token' }],
    ['services', 'Service', { short: 'svc', sub: 'proxy status', all: true }],
  ]),
  ...of('apps', 'v1', [
    ['daemonsets', 'DaemonSet', { short: 'ds', sub: 'status', all: true }],
    ['deployments', 'Deployment', { short: 'deploy', sub: 'scale status', all: true }],
    ['replicasets', 'ReplicaSet', { short: 'rs', sub: 'scale status', all: true }],
    ['statefulsets', 'StatefulSet', { short: 'sts', sub: 'scale status', all: true }],
  ]),
  ...of('admissionregistration.k8s.io', 'v1', [
    ['mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', { cluster: true }],
    // Policies and webhooks are kept, not evaluated: the lab has no CEL and calls nobody.
    ['validatingadmissionpolicies', 'ValidatingAdmissionPolicy', { sub: 'status', cluster: true }],
    ['validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', { cluster: true }],
    ['validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', { cluster: true }],
  ]),
  ...of('apiextensions.k8s.io', 'v1', [
    [
      'customresourcedefinitions',
      'CustomResourceDefinition',
      { short: 'crd crds', sub: 'status', cluster: true, category: 'api-extensions' },
    ],
  ]),
  ...of('authentication.k8s.io', 'v1', [
    ['selfsubjectreviews', 'SelfSubjectReview', { cluster: true, verbs: CREATE_ONLY }],
    ['tokenreviews', 'TokenReview', { cluster: true, verbs: CREATE_ONLY }],
  ]),
  ...of('authorization.k8s.io', 'v1', [
    ['localsubjectaccessreviews', 'LocalSubjectAccessReview', { verbs: CREATE_ONLY }],
    ['selfsubjectaccessreviews', 'SelfSubjectAccessReview', { cluster: true, verbs: CREATE_ONLY }],
    ['selfsubjectrulesreviews', 'SelfSubjectRulesReview', { cluster: true, verbs: CREATE_ONLY }],
    ['subjectaccessreviews', 'SubjectAccessReview', { cluster: true, verbs: CREATE_ONLY }],
  ]),
  ...of('autoscaling', 'v2', [
    ['horizontalpodautoscalers', 'HorizontalPodAutoscaler', { short: 'hpa', sub: 'status', all: true }],
  ]),
  ...of('batch', 'v1', [
    ['cronjobs', 'CronJob', { short: 'cj', sub: 'status', all: true }],
    ['jobs', 'Job', { sub: 'status', all: true }],
  ]),
  ...of('coordination.k8s.io', 'v1', [['leases', 'Lease']]),
  ...of('discovery.k8s.io', 'v1', [['endpointslices', 'EndpointSlice']]),
  ...of('networking.k8s.io', 'v1', [
    ['ingressclasses', 'IngressClass', { cluster: true }],
    ['ingresses', 'Ingress', { short: 'ing', sub: 'status' }],
    ['networkpolicies', 'NetworkPolicy', { short: 'netpol' }],
  ]),
  ...of('policy', 'v1', [['poddisruptionbudgets', 'PodDisruptionBudget', { short: 'pdb', sub: 'status' }]]),
  ...of('rbac.authorization.k8s.io', 'v1', [
    ['clusterrolebindings', 'ClusterRoleBinding', { cluster: true }],
    ['clusterroles', 'ClusterRole', { cluster: true }],
    ['rolebindings', 'RoleBinding'],
    ['roles', 'Role'],
  ]),
  ...of('scheduling.k8s.io', 'v1', [['priorityclasses', 'PriorityClass', { short: 'pc', cluster: true }]]),
  ...of('storage.k8s.io', 'v1', [['storageclasses', 'StorageClass', { short: 'sc', cluster: true }]]),
];
