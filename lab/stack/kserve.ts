import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { KubeObject, PemPair } from '../protocol.ts';

/** KServe's own default. */
export const WEBHOOK_PORT = 9443;

const NAMESPACE = 'kserve';
const ACCOUNT = 'llmisvc-controller-manager';
const VERSION = 'v0.20.0';

/** The controller as its release installs it: roles, configuration, certificate and Deployment. */
export function kserveObjects(
  assets: string,
  webhook: PemPair,
  gateway: { namespace: string; name: string },
): KubeObject[] {
  return [...roles(assets), configuration(assets, gateway), certificate(webhook), deployment(assets)];
}

/** Its webhooks, and then what they admit: the presets. Both need the controller. */
export function kserveWebhooks(assets: string, webhook: PemPair): KubeObject[] {
  const caBundle = Buffer.from(webhook.cert).toString('base64');
  return documents(join(assets, 'kserve/config/webhook/llmisvc/manifests.yaml')).map((object) => ({
    ...object,
    webhooks: object.webhooks.map((each: { clientConfig: { service: { path: string } } }) => ({
      ...each,
      clientConfig: { url: `https://127.0.0.1:${WEBHOOK_PORT}${each.clientConfig.service.path}`, caBundle },
    })),
  }));
}

export function kservePresets(assets: string): KubeObject[] {
  const folder = join(assets, 'kserve/config/llmisvcconfig');
  return readdirSync(folder)
    .filter((name) => name.startsWith('config-'))
    .sort()
    .flatMap((name) => documents(join(folder, name)))
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace: NAMESPACE } }));
}

/** Kustomize fills the name of the account in; the objects without a namespace get that of the controller. */
function roles(assets: string): KubeObject[] {
  const folder = join(assets, 'kserve/config/rbac/llmisvc');
  const { resources } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
  return resources
    .flatMap((name) => documents(join(folder, name)))
    .map((object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        ...(object.kind.startsWith('Cluster') ? {} : { namespace: NAMESPACE }),
      },
      ...(object.subjects ? { subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: NAMESPACE }] } : {}),
    }));
}

/** As shipped, with this cluster's gateway, and with TLS to the replicas, which ODH's manifests switch on. */
function configuration(assets: string, gateway: { namespace: string; name: string }): KubeObject {
  const [shipped] = documents(join(assets, 'kserve/config/configmap/inferenceservice.yaml'));
  const { _example, ...data } = (shipped as KubeObject).data;
  const ingress = {
    ...JSON.parse(data.ingress),
    enableGatewayApi: true,
    kserveIngressGateway: `${gateway.namespace}/${gateway.name}`,
    enableLLMInferenceServiceTLS: true,
  };
  return { ...(shipped as KubeObject), data: { ...data, ingress: JSON.stringify(ingress) } };
}

function certificate({ cert, key }: PemPair): KubeObject {
  const encoded = (text: string) => Buffer.from(text).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'llmisvc-webhook-server-cert', namespace: NAMESPACE },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': encoded(cert), 'tls.key': encoded(key) },
  };
}

/** One replica in a world without in-cluster configuration has nobody to elect a leader with. */
function deployment(assets: string): KubeObject {
  const [object] = documents(join(assets, 'kserve/config/llmisvc/manager.yaml'));
  const { spec, ...rest } = object as KubeObject;
  const pod = spec.template.spec;
  const [manager] = pod.containers;
  const container = {
    ...manager,
    image: `docker.io/kserve/llmisvc-controller:${VERSION}`,
    imagePullPolicy: 'IfNotPresent',
    args: ['--metrics-addr=0'],
  };
  const template = { ...spec.template, spec: { ...pod, serviceAccountName: ACCOUNT, containers: [container] } };
  return { ...rest, spec: { replicas: 1, ...spec, template } } as KubeObject;
}

function documents(file: string): KubeObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => (document.toJS() as KubeObject) ?? []);
}
