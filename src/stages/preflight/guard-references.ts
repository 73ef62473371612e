import {
  type Finding,
  type GuardContext,
  notAllowed,
  type Path,
  pathText,
  shown,
  type ValueRule,
} from './guard-context.ts';

/** What KServe makes for a service of the manifests, in the form that its templates have. */
const OWN_CERTIFICATES = '{{ ChildName .ObjectMeta.Name `-kserve-self-signed-certs` }}';

/** A rule for the name of an object that the manifests bring or an input allows. */
function reference(kind: string, own: (name: string, context: GuardContext) => boolean = () => false): ValueRule {
  return (value, path, context) => {
    const name = String(value);
    return own(name, context) ? [] : referenced(kind, name, path, context);
  };
}

function referenced(kind: string, name: string, path: Path, { policy, brought }: GuardContext): Finding[] {
  const whole = `${kind}/${name}`;
  if (brought.has(whole) || policy.references.includes(whole)) return [];
  const allowed = policy.references
    .filter((each) => each.startsWith(`${kind}/`))
    .map((each) => shown(each.split('/').slice(1).join('/')));
  const others = allowed.length > 0 ? ` and ${allowed.join(', ')}` : '';
  return [
    {
      rule: 'reference',
      message: `${pathText(path)} names ${kind} ${shown(name)}; allowed are those that the manifests bring${others}`,
      reference: whole,
    },
  ];
}

const ownCertificates = (name: string, { services }: GuardContext) =>
  name === OWN_CERTIFICATES || [...services].some((service) => name === `${service}-kserve-self-signed-certs`);

const ownPool = (name: string, { services }: GuardContext) =>
  [...services].some((service) => name === `${service}-inference-pool`);

/** The presets of KServe, whose names some distributions prefix with their version. */
const isPreset = (name: string) => /^(?:v[0-9-]+-)?kserve-config-[a-z0-9-]+$/.test(name);

const claim = reference('PersistentVolumeClaim');

/** Hosts that are neither a bucket nor an organisation, but a machine in or near the cluster. */
const MACHINE =
  /^(?:\d+(?:\.\d+){0,3}|0x[0-9a-f]+|localhost|metadata)$|^metadata\.|\.(?:internal|local|localhost|svc)$/i;
const SEGMENTS = String.raw`(?:\/[\w.+=,-]+)*\/?`;
const SCHEMES: readonly [scheme: string, form: RegExp][] = [
  ['hf', /^([A-Za-z0-9][\w.-]*)(?:\/[A-Za-z0-9][\w.-]*)?(?:[:@]\w[\w./-]*)?$/],
  ['gs', new RegExp(`^([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])${SEGMENTS}$`)],
  ['s3', new RegExp(`^([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])${SEGMENTS}$`)],
  ['oci', /^([a-z0-9.-]+)(?::\d+)?\/[\w./:@-]+$/],
  ['pvc', new RegExp(`^([a-z0-9][a-z0-9.-]*)${SEGMENTS}$`)],
];

/** Where KServe's storage-initializer loads a model or an adapter from. */
const model: ValueRule = (value, path, context) => {
  const text = String(value);
  const [scheme, form] = SCHEMES.find(([name]) => text.startsWith(`${name}://`)) ?? [];
  const [, host = ''] = form?.exec(text.slice(`${scheme}://`.length)) ?? [];
  if (host === '' || MACHINE.test(host) || /(?:^|\/)\.\.?(?:\/|$)/.test(text.slice(text.indexOf('://') + 3))) {
    return notAllowed(
      path,
      value,
      'hf://organisation/model, gs://bucket/path, s3://bucket/path, oci://image or pvc://claim/path',
    );
  }
  return scheme === 'pvc' ? claim(host, path, context) : [];
};

/** KServe's presets put the name into JSON without quoting it: a quotation mark in it would add fields to the pod. */
const modelName: ValueRule = (value, path) =>
  /^[A-Za-z0-9][\w.:/@+-]{0,252}$/.test(String(value))
    ? []
    : notAllowed(path, value, 'letters, digits and . _ : / @ + -');

const word: ValueRule = (value, path) =>
  /^[A-Za-z0-9-]*$/.test(String(value)) ? [] : notAllowed(path, value, 'a word of letters and digits');

export const REFERENCE_RULES = {
  secret: reference('Secret', ownCertificates),
  configMap: reference('ConfigMap'),
  claim,
  priorityClass: reference('PriorityClass'),
  baseConfig: reference('LLMInferenceServiceConfig', isPreset),
  poolName: reference('InferencePool', ownPool),
  routeName: reference('HTTPRoute'),
  model,
  modelName,
  word,
} satisfies Record<string, ValueRule>;
