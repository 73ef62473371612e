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
      'Which of the stacks that ship with the gate `manifests` defaults to, `1` or `3`; the other one is what',
      '`retire` defaults to. Default: `3`, in mode `restore` `1`.',
    ].join(' '),
  },
  /** The environment of the GitHub Deployment of a stack that stays; empty for no deployment. */
  environment: {
    group: 'stack',
    key: 'environment',
    parse: environment,
    default: 'tpu-serving',
    description: 'Environment of the GitHub Deployment of a stack that stays, or `none`; needs `deployments: write`.',
  },
  /** Null: the only pool with TPU nodes. */
  'node-pool': {
    group: 'stack',
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
      'The most TPU nodes that a run may ask for, whatever `nodes` and the replicas in `manifests` are. More is',
      'refused before the lease.',
    ].join(' '),
  },
  'resting-nodes': {
    group: 'stack',
    key: 'restingNodes',
    parse: wordOr('before', restingNodes),
    default: '0',
    description: [
      'Size of the node pool after the run: a number, or `before` for the size found before it, which keeps and',
      'bills the nodes that a dead run left behind. A pool whose nodes serve others is refused, unless its size',
      'stays.',
    ].join(' '),
  },
  /** Empty: the stack that ships with the gate. */
  manifests: {
    group: 'stack',
    key: 'manifests',
    parse: plain,
    description: [
      'File, folder with its subfolders, or kustomization to deploy. Default: the Pattern 3 that ships with the gate: three vLLM',
      'replicas behind an endpoint picker.',
    ].join(' '),
  },
  /** Components of the gate over the manifests. */
  components: {
    group: 'stack',
    key: 'components',
    parse: components,
    description: [
      'Components for production that mode `deploy` adds to the manifests, such as `high-availability, monitoring`. They ship',
      'with the gate; kubectl has to be on the runner.',
    ].join(' '),
  },
  /** The stack of the base branch; empty for no comparison with it. */
  'base-manifests': {
    group: 'stack',
    key: 'baseManifests',
    parse: plain,
    description: [
      'File, folder or kustomization in the workspace with the same stack as the base branch has it. It is deployed',
      'beside the one under test, under a name of its own, and both are measured in the same run. Empty for no comparison.',
    ].join(' '),
  },
  'base-replicas': {
    group: 'stack',
    key: 'baseReplicas',
    ...oneOf(['one', 'all']),
    default: 'one',
    description: [
      'Replicas of the base stack: `one` on one more node, against one replica of the stack under test, or `all` that',
      '`base-manifests` has, both stacks whole. A change of routing needs `all`.',
    ].join(' '),
  },
  /** What to delete before deploying; `none` for nothing, empty for the pattern that ships with the gate. */
  retire: {
    group: 'stack',
    key: 'retire',
    parse: plain,
    description: [
      'Manifests whose objects are deleted first, or `none`. Default: the other pattern that ships with the gate,',
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
      'Kinds that the manifests may have, such as `NetworkPolicy`, or with their group, such as `Gadget.example.com`. Roles,',
      'bindings, definitions and what belongs to no namespace are never applied.',
    ].join(' '),
  },
  'allowed-registries': {
    group: 'stack',
    partOf: 'allowed-kinds',
    default: 'registry.redhat.io/rhaiis, docker.io/vllm, ghcr.io/llm-d, quay.io/opendatahub',
    description: 'Registries, or beginnings of repositories, that the images of the manifests may come from.',
  },
  'allowed-namespaces': {
    group: 'stack',
    partOf: 'allowed-kinds',
    description: 'Namespaces that the manifests may name beside `namespace`.',
  },
  'allowed-references': {
    group: 'stack',
    partOf: 'allowed-kinds',
    default:
      'Secret/redhat-pull-secret, Secret/hf-token, Secret/llm-d-hf-token, Gateway/opendatahub/inference-gateway, Gateway/kserve/kserve-ingress-gateway',
    description: [
      'Objects that the manifests may name without bringing them, as `Kind/name`, a gateway as',
      '`Gateway/namespace/name`: Secrets, ConfigMaps, PersistentVolumeClaims, ServiceAccounts, PriorityClasses,',
      'LLMInferenceServiceConfigs, gateways.',
    ].join(' '),
  },
  'allowed-fields': {
    group: 'stack',
    partOf: 'allowed-kinds',
    description: [
      'Fields that the manifests may have beside the reviewed ones, with everything below them:',
      '`spec.template.nodeName`, or of one kind `LLMInferenceService:spec.scaling`.',
    ].join(' '),
  },
  /** Whether registries are asked for the images of the manifests. */
  'check-images': {
    group: 'stack',
    key: 'checkImages',
    ...oneOf(['auto', 'off']),
    default: 'auto',
    description: [
      'Ask the registries before the lease whether the images exist, as a reader without credentials: `auto` or `off`. Only',
      'names of `allowed-registries` are asked, and only at addresses of the internet, by `HTTPS_PROXY` where it is set. In',
      'place of the registries a pull-through mirror is asked whose address is in `TPU_SERVING_GATE_REGISTRY_MIRROR`.',
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
