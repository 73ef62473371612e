import { integer, kubernetesName, oneOf, optional, plain, wordOr } from '../parsers/basic.ts';
import { components } from '../parsers/components.ts';
import { pattern } from '../parsers/mode.ts';
import { environment, gateway, guard, restingNodes } from '../parsers/stack.ts';
import type { InputRow } from '../row.ts';

/** What is deployed, on which nodes, behind which gateway. */
export const STACK = {
  /** Which of the stacks that ship with the gate `manifests` and `retire` default to. */
  pattern: {
    group: 'stack',
    key: 'pattern',
    parse: pattern,
    description: [
      'Default of `manifests` among the stacks that ship with the gate, `1` or `3`. The other one is the default of',
      '`retire`. Default: `3`, in mode `restore` `1`.',
    ].join(' '),
  },
  /** The environment of the GitHub Deployment of a stack that stays; empty for no deployment. */
  environment: {
    group: 'stack',
    key: 'environment',
    parse: environment,
    default: 'tpu-serving',
    modes: ['deploy', 'restore'],
    description:
      'Environment of the GitHub Deployment of a stack that stays, or `none`. It needs `deployments: write`.',
  },
  /** Null: the only pool with TPU nodes. */
  'node-pool': {
    group: 'stack',
    modes: ['validate', 'nightly', 'preflight', 'deploy', 'restore', 'cleanup'],
    key: 'nodePool',
    parse: optional(kubernetesName),
    description: 'Node pool to resize. Default: the only pool of the cluster with TPU nodes.',
  },
  /** Null: one node for each replica of the manifests. */
  nodes: {
    group: 'stack',
    key: 'nodes',
    parse: optional(integer(1, 64)),
    description: 'TPU nodes to lease. Default: one for each replica in `manifests`.',
  },
  /** The most nodes that a run may ask for. */
  'max-nodes': {
    group: 'stack',
    key: 'maxNodes',
    parse: integer(1, 64),
    default: '8',
    description: [
      'The most TPU nodes that a run may ask for, whatever `nodes` and the replicas in `manifests` are. The gate refuses',
      'more before the lease.',
    ].join(' '),
  },
  'resting-nodes': {
    group: 'stack',
    key: 'restingNodes',
    parse: wordOr('before', restingNodes),
    default: '0',
    description: [
      'Size of the node pool after the run: a number, or `before` for the size found before it. `before` keeps and bills',
      'nodes that a dead run left behind. The gate refuses a pool whose nodes serve others, unless its size',
      'stays.',
    ].join(' '),
  },
  /** Empty: the stack that ships with the gate. */
  manifests: {
    group: 'stack',
    key: 'manifests',
    parse: plain,
    description: [
      'File, folder with its subfolders, or kustomization to deploy. Default: the Pattern 3 that ships with the gate. It has',
      'three vLLM replicas behind an endpoint picker.',
    ].join(' '),
  },
  /** Components of the gate over the manifests. */
  components: {
    group: 'stack',
    key: 'components',
    parse: components,
    modes: ['deploy'],
    description: [
      'Components for production that mode `deploy` adds to the manifests, such as `high-availability, monitoring`. They ship',
      'with the gate, and need kubectl on the runner.',
    ].join(' '),
  },
  /** The stack of the base branch; empty for no comparison with it. */
  'base-manifests': {
    group: 'stack',
    modes: ['validate', 'nightly', 'preflight'],
    key: 'baseManifests',
    parse: plain,
    description: [
      'File, folder or kustomization in the workspace with the stack of the base branch. The gate deploys it beside the one',
      'under test, under a name of its own, and measures both in the same run. Empty for no comparison.',
    ].join(' '),
  },
  'base-replicas': {
    group: 'stack',
    modes: ['validate', 'nightly', 'preflight'],
    key: 'baseReplicas',
    ...oneOf(['one', 'all']),
    default: 'one',
    description: [
      'Replicas of the base stack. `one` runs on one more node, and is compared with one replica under test. `all` runs those',
      'of `base-manifests`, and compares both stacks whole. A change of routing needs `all`.',
    ].join(' '),
  },
  /** What to delete before deploying; `none` for nothing, empty for the pattern that ships with the gate. */
  retire: {
    group: 'stack',
    key: 'retire',
    parse: plain,
    description: [
      'Manifests whose objects the gate deletes first, or `none`. Default: the other pattern that ships with the gate,',
      'in mode `restore` both.',
    ].join(' '),
  },
  namespace: {
    group: 'stack',
    key: 'namespace',
    parse: kubernetesName,
    default: 'llm-d-inference-scheduling',
    description: 'Namespace of the serving stack.',
  },
  /** What manifests may be. */
  'allowed-kinds': {
    group: 'stack',
    key: 'guard',
    parse: guard,
    default: 'LLMInferenceService, NetworkPolicy, DestinationRule',
    description: [
      'Kinds that the manifests may have, such as `NetworkPolicy`, or with their group, such as `Gadget.example.com`. The gate',
      'never applies roles, bindings, definitions or objects without a namespace.',
    ].join(' '),
  },
  'allowed-registries': {
    group: 'stack',
    partOf: 'allowed-kinds',
    default: 'registry.redhat.io/rhaiis, docker.io/vllm, ghcr.io/llm-d, quay.io/opendatahub',
    description: 'Registries, or beginnings of repositories, of images that the manifests may use.',
  },
  'allowed-namespaces': {
    group: 'stack',
    partOf: 'allowed-kinds',
    description: 'Namespaces that the manifests may name in addition to `namespace`.',
  },
  'allowed-references': {
    group: 'stack',
    partOf: 'allowed-kinds',
    default:
      'Secret/redhat-pull-secret, Secret/hf-token, Secret/llm-d-hf-token, Gateway/opendatahub/inference-gateway, Gateway/kserve/kserve-ingress-gateway',
    description: [
      'Objects that the manifests may refer to although they do not define them, as `Kind/name`. A gateway is',
      '`Gateway/namespace/name`. Kinds are Secrets, ConfigMaps, PersistentVolumeClaims, ServiceAccounts, PriorityClasses,',
      'LLMInferenceServiceConfigs and gateways.',
    ].join(' '),
  },
  'allowed-fields': {
    group: 'stack',
    partOf: 'allowed-kinds',
    description: [
      'Fields that the manifests may have in addition to the reviewed ones, with everything below them:',
      '`spec.template.nodeName`, or for one kind `LLMInferenceService:spec.scaling`.',
    ].join(' '),
  },
  /** Whether registries are asked for the images of the manifests. */
  'check-images': {
    group: 'stack',
    key: 'checkImages',
    ...oneOf(['auto', 'off']),
    default: 'auto',
    description: [
      'Whether the gate asks registries before the lease if the images exist: `auto` or `off`. It has no credentials, asks only',
      'names of `allowed-registries`, and only at addresses of the internet. It uses `HTTPS_PROXY` if that is set. It asks a',
      'pull-through mirror instead if its address is in `TPU_SERVING_GATE_REGISTRY_MIRROR`.',
    ].join(' '),
  },
  /** Null: taken from the HTTPRoute's parentRefs. */
  gateway: {
    group: 'stack',
    key: 'gateway',
    parse: gateway,
    description: "Gateway as `namespace/name`. Default: the one that the service's HTTPRoute names.",
  },
} as const satisfies Readonly<Record<string, InputRow>>;
