import type { Cause } from '../../lib/causes.ts';
import { gateFile, grantCommand, showFile } from '../../lib/gate-files.ts';
import type { Evidence } from '../evidence.ts';
import { namespaceOf, poolOf, serviceOf } from './rule.ts';

const inPlace = ({ report: { plan } }: Evidence) =>
  `--cluster ${plan.cluster} --location ${plan.location} --project ${plan.project}`;
const pools = (evidence: Evidence) => `gcloud container node-pools list ${inPlace(evidence)}`;
const pool = (evidence: Evidence) => `gcloud container node-pools describe ${poolOf(evidence)} ${inPlace(evidence)}`;
const BY_DEMAND =
  'Set "capacity" to auto or demand: pods then make the autoscaler bring the nodes. Or name another "node-pool".';
const otherPool = (evidence: Evidence) => `Name another pool in "node-pool": ${pools(evidence)}`;

/**
 * What to do about causes whose failure has a remedy with names of its own. It stands in the documentation, and in a comment
 * where the failure has none.
 */
export const USUAL_REMEDIES: Partial<Record<Cause, (evidence: Evidence) => string>> = {
  'pool.unusable': (evidence) => `Repair or recreate the pool; its conditions say why: ${pool(evidence)}`,
  'pool.multi-zone': (evidence) => `Use a pool of one zone. ${otherPool(evidence)}`,
  'pool.autoscaled': () => BY_DEMAND,
  'pool.queued': () => BY_DEMAND,
  'pool.flex-start': () => BY_DEMAND,
  'pool.not-autoscaled': (evidence) =>
    `gcloud container node-pools update ${poolOf(evidence)} --enable-autoscaling --total-min-nodes 0 --total-max-nodes NODES ${inPlace(evidence)}`,
  'pool.autoscaler-limits': (evidence) =>
    `gcloud container node-pools update ${poolOf(evidence)} --enable-autoscaling --total-min-nodes 0 --total-max-nodes NODES ${inPlace(evidence)}`,
  'pool.not-tpu': otherPool,
  'pool.multi-host': (evidence) =>
    `Use a pool of single-host machines, such as ct6e-standard-4t. ${otherPool(evidence)}`,
  'pool.not-found': otherPool,
  'pool.ambiguous': (evidence) => `Name the pool in "node-pool": ${pools(evidence)}`,
  'pool.too-small': () => 'Raise "nodes", or lower spec.replicas or google.com/tpu of the template.',
  'pool.too-many-nodes': () => 'Lower "nodes", "resting-nodes" or spec.replicas, or raise "max-nodes".',
  'pool.mismatch': (evidence) =>
    `Make nodeSelector, tolerations and google.com/tpu of spec.template those of the pool: ${pool(evidence)}`,
  'pool.in-use': (evidence) =>
    `Use a pool of its own, or move these pods: kubectl get pods -A -o wide; kubectl get nodes -l cloud.google.com/gke-nodepool=${poolOf(evidence)}`,
  'cluster.not-running': ({ report: { plan } }) =>
    `Wait until it is RUNNING: gcloud container clusters describe ${plan.cluster} --location ${plan.location} --project ${plan.project} --format 'value(status,conditions)'`,
  'config.prompt-too-short': () => 'Raise "prompt-tokens" to several blocks of the prefix cache.',
  'config.prompt-too-long': () => 'Lower "prompt-tokens" or "max-tokens", or raise --max-model-len.',
  'manifest.unreadable': () => 'Correct the file that the message names: kubectl kustomize FOLDER shows what is read.',
  'manifest.needs-kubectl': () => 'Install kubectl on the runner, or give manifests that only list resources.',
  'manifest.invalid': () => 'Correct the field that the message names: kubectl apply --dry-run=server -f FILE',
  'manifest.kind-unknown': () => 'Install the definition of the kind, or take the object out: kubectl api-resources',
  'manifest.admission': () => 'Change the manifest as the rule demands: kubectl apply --dry-run=server -f FILE',
  'manifest.conflict': () =>
    'Remove these fields from the manifest, or set "force-conflicts: true" to take them over: kubectl get KIND NAME --show-managed-fields -o yaml',
  'vllm.known-bad-flag': () => 'Take the flag out of the args of the LLMInferenceService.',
  'manifest.service-ambiguous': () => 'Name one LLMInferenceService in "service", or leave one in the manifests.',
  'manifest.too-few-replicas': () => 'Set spec.replicas to 2 or more.',
  'manifest.replicas-autoscaled': (evidence) =>
    `Set both limits of the autoscaler to the number of replicas, or delete it for the run: kubectl -n ${namespaceOf(evidence)} get hpa,scaledobjects`,
  'manifest.shape': () =>
    'Give the service spec.router.route and spec.router.scheduler, and no prefill, worker or scaling.',
  'routing.route-by-reference': (evidence) =>
    `Lead the route to the InferencePool of the service: kubectl -n ${namespaceOf(evidence)} get httproutes,inferencepools`,
  'mesh.strict': (evidence) =>
    `Set portLevelMtls of these ports to PERMISSIVE: kubectl get peerauthentications -A; or keep sidecars out: kubectl label namespace ${namespaceOf(evidence)} istio-injection-`,
  'service.exists': (evidence) =>
    `kubectl -n ${namespaceOf(evidence)} delete llminferenceservice ${serviceOf(evidence)}, or give the service of the manifests another name.`,
  'service.of-another-run': () => 'Let that run end, end its stack with "mode: cleanup", or use another namespace.',
  'manifest.retire-refused': (evidence) =>
    `Name only LLMInferenceServices of ${namespaceOf(evidence)} in the files of "retire".`,
  'workspace.files-hang': () => 'Take FIFOs, devices and network shares out of the folder of the manifests.',
  'kube.permission': (evidence) =>
    `Grant it, with the e-mail of the gate's service account for IDENTITY: ${grantCommand(['serving', 'lease', 'gateway', 'nodes'], { namespace: namespaceOf(evidence) })}`,
  'kube.unavailable': () =>
    'Look whether the control plane is being upgraded or repaired, then run again: kubectl get --raw /readyz',
  'kube.answer': () =>
    'Look for a proxy or a load balancer between the runner and the control plane: kubectl get --raw /version',
  'kube.unreachable': ({ report: { plan } }) =>
    `Set "dns-endpoint: true", and allow it: gcloud container clusters update ${plan.cluster} --enable-dns-access --location ${plan.location} --project ${plan.project}`,
  'kserve.missing': () =>
    'Install KServe v0.17 or later, or the Open Data Hub build of v0.15: kubectl get crd llminferenceservices.serving.kserve.io',
  'kserve.no-controller': () =>
    "Install KServe's llmisvc-controller-manager of v0.17 or later: kubectl -n kserve get deployments",
  'kserve.no-inference-pool': () =>
    '`kubectl apply -f https://github.com/kubernetes-sigs/gateway-api-inference-extension/releases/download/VERSION/manifests.yaml`',
  'kserve.prerequisite': () =>
    'Install the definitions that the message names, then restart the controller: kubectl -n kserve rollout restart deployment',
  'secret.pull-missing': (evidence) =>
    `kubectl -n ${namespaceOf(evidence)} create secret docker-registry NAME --docker-server=… --docker-username=… --docker-password=…`,
  'gateway.class': () => 'Use a gateway whose class is Istio’s: kubectl get gatewayclasses,gateways -A',
  'gateway.other': () =>
    'Name the gateway of the manifests in "gateway", or correct spec.router.gateway.refs: kubectl get gateways -A',
  'routing.envoyfilter-no-route': () =>
    'Name routes that this KServe makes, or take the filter out: Istio 1.27 and later need none.',
  'policy.blocks': () =>
    `Allow the connection. A policy that lets the gateway in: ${showFile(gateFile('manifests/pattern3/networkpolicies/allow-gateway-to-vllm.yaml'))}`,
  'run.timeout': () => 'Look at the slowest stage in the timeline, or raise "timeout".',
  'deploy.retire-stuck': (evidence) =>
    `See which finalizer holds it: kubectl -n ${namespaceOf(evidence)} get llminferenceservices -o yaml`,
};
