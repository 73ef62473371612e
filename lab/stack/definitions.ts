import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { type ApiServerOptions, type RealKube, startApiServer } from '../apiserver/api-server.ts';
import { isEstablished } from '../apiserver/established.ts';
import type { PemPair } from '../protocol.ts';
import { WEBHOOK_PORT } from './kserve.ts';

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ESTABLISH_MS = 90_000;
/** Raise it when the way the definitions are installed changes. */
const RECIPE = 1;

/** Files with definitions, by part. Where two hold the same one, the first counts. */
const SOURCES = [
  'gateway-api/config/crd/standard',
  'istio/manifests/charts/base/files/crd-all.gen.yaml',
  'kserve/config/crd/full/llmisvc/serving.kserve.io_llminferenceservices.yaml',
  'kserve/config/crd/full/llmisvc/serving.kserve.io_llminferenceserviceconfigs.yaml',
  'kserve/config/llmisvc/gateway-inference-extension.yaml',
  'kserve/test/crds/leaderworkerset.x-k8s.io_leaderworkersets.yaml',
  'epp/config/crd/bases/inference.networking.x-k8s.io_inferencemodelrewrites.yaml',
  'epp/config/crd/bases/inference.networking.x-k8s.io_inferenceobjectives.yaml',
];

/** An API server that has all definitions, and the certificate that its conversion webhook must serve. */
export interface DefinedKube {
  kube: RealKube;
  webhook: PemPair;
}

/**
 * Starts the API server with every definition established. Establishing them takes half of the stack's start, so the
 * data of an etcd that holds them is kept beside the programs, by what the definitions are.
 */
export async function startDefinedKube(assets: string, options: ApiServerOptions): Promise<DefinedKube> {
  const texts = definitionTexts(assets);
  const key = createHash('sha256')
    .update(`${RECIPE}\n${texts.join('\n---\n')}`)
    .digest('hex')
    .slice(0, 16);
  const kept = join(assets, `etcd-${key}`);
  const pair = await readPair(kept);
  if (pair) return { kube: await startApiServer({ ...options, data: join(kept, 'etcd') }), webhook: pair };
  const webhook = await webhookPair();
  const kube = await startApiServer(options);
  try {
    await install(kube, texts, webhook.cert);
    await keep(kube, webhook, kept);
  } catch (error) {
    await kube.stop();
    throw error;
  }
  return { kube, webhook };
}

function definitionTexts(assets: string): string[] {
  const seen = new Set<string>();
  return SOURCES.flatMap((source) => {
    const path = join(assets, source);
    const files = path.endsWith('.yaml')
      ? [path]
      : readdirSync(path)
          .sort()
          .map((name) => join(path, name));
    return files.flatMap((file) => readFileSync(file, 'utf8').split(/^---$/m));
  }).filter((text) => {
    const name = nameOf(text);
    if (name === null || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

/** The name of a definition; null for another object. */
function nameOf(text: string): string | null {
  if (!/^kind: CustomResourceDefinition$/m.test(text)) return null;
  return /^metadata:\n(?: {2}.*\n)*? {2}name: (\S+)$/m.exec(text)?.[1] ?? null;
}

async function install(kube: RealKube, texts: string[], caPem: string): Promise<void> {
  const names: string[] = [];
  for (const text of texts) {
    const { status, body } = await kube.ask('POST', PATH, text, { contentType: 'application/yaml' });
    if (status !== 201) throw new Error(`${nameOf(text)}: HTTP ${status}: ${JSON.stringify(body)}`);
    names.push(body.metadata.name);
  }
  for (const name of names.filter((each) => each.endsWith('.serving.kserve.io'))) {
    const clientConfig = {
      url: `https://127.0.0.1:${WEBHOOK_PORT}/convert`,
      caBundle: Buffer.from(caPem).toString('base64'),
    };
    const conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig, conversionReviewVersions: ['v1', 'v1beta1'] },
    };
    const contentType = 'application/merge-patch+json';
    const { status, body } = await kube.ask('PATCH', `${PATH}/${name}`, { spec: { conversion } }, { contentType });
    if (status !== 200) throw new Error(`${name}: HTTP ${status}: ${JSON.stringify(body)}`);
  }
  const deadline = Date.now() + ESTABLISH_MS;
  for (const name of names) {
    while (!(await isEstablished(kube, name))) {
      if (Date.now() > deadline) throw new Error(`${name} was not established within ${ESTABLISH_MS / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function readPair(kept: string): Promise<PemPair | null> {
  try {
    const [cert, key] = await Promise.all(
      ['webhook.crt', 'webhook.key'].map((name) => readFile(join(kept, name), 'utf8')),
    );
    return { cert: cert as string, key: key as string };
  } catch {
    return null;
  }
}

/** A rename makes the folder appear whole, or leaves the one that another start made meanwhile. */
async function keep(kube: RealKube, webhook: PemPair, kept: string): Promise<void> {
  const work = await mkdtemp(`${kept}.build.`);
  await kube.saveData(join(work, 'etcd'));
  await writeFile(join(work, 'webhook.crt'), webhook.cert);
  await writeFile(join(work, 'webhook.key'), webhook.key, { mode: 0o600 });
  await rename(work, kept).catch(() => rm(work, { recursive: true, force: true }));
}

/** A certificate that is its own authority. It lives as long as the kept data may. */
async function webhookPair(): Promise<PemPair> {
  const day = 86_400_000;
  const pem = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - day),
    notAfterDate: new Date(Date.now() + 3_650 * day),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  return { cert: pem.cert, key: pem.private };
}
