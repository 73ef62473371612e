import { describe, expect, it } from 'vitest';
import type { ImageAnswer, RegistryClient } from '../../../../src/clients/registry/client.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { checkImages } from '../../../../src/stages/preflight/images.ts';
import { found, service, written } from './planned.ts';

const refused = (status: number, reason: string, text = ''): ImageAnswer => ({
  is: 'refused',
  refusal: { status, reasons: reason === '' ? [] : [reason], text },
});
const ABSENT = refused(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
const PRIVATE = refused(401, 'UNAUTHORIZED', 'authentication required');

/** Registries that give each image the same answer, or the one of its repository. */
function registry(answer: ImageAnswer, of: Record<string, ImageAnswer> = {}): RegistryClient & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    lookUp: async ({ registry: name, repository, version }) => {
      asked.push(`${name}/${repository}:${version}`);
      return of[repository] ?? answer;
    },
    close: async () => {},
  };
}

const IMAGE = 'docker.io/vllm/vllm-tpu:nightly';
const template = (change: object = {}, pod: object = {}) =>
  service({ ...pod, containers: [{ name: 'main', image: IMAGE, ...change }] });

async function judged(
  answer: ImageAnswer,
  manifest = template(),
): Promise<{ outcome: string; seen: string; hint: string }> {
  const result = await found(() => checkImages(registry(answer), [manifest]));
  if (result instanceof Failure) return { outcome: 'fail', seen: result.message, hint: result.hint ?? '' };
  return { outcome: result.outcome ?? 'pass', seen: result.seen, hint: result.remedy ?? '' };
}

describe('the images of the manifests', () => {
  it('that are there pass', async () => {
    expect(await judged({ is: 'there', digest: null })).toMatchObject({ outcome: 'pass', seen: `${IMAGE}: there` });
  });

  it('whose tag is missing fail with file, line, container, registry and what to do', async () => {
    const manifest = written(`kind: LLMInferenceService
apiVersion: serving.kserve.io/v1alpha1
metadata:
  name: qwen
spec:
  template:
    containers:
      - name: main
        image: vllm/vllm-tpu:nightly-0
      - name: proxy
        image: ghcr.io/llm-d/proxy@sha256:${'a'.repeat(64)}
`);
    const failure = await found(() => checkImages(registry(ABSENT), [manifest]));
    expect(failure).toMatchObject({
      code: 'image-not-found',
      blame: 'change',
      message: `service.yaml:9: image vllm/vllm-tpu:nightly-0 of container main does not exist: docker.io does not have the tag (MANIFEST_UNKNOWN: manifest unknown); service.yaml:11: image ghcr.io/llm-d/proxy@sha256:${'a'.repeat(64)} of container proxy does not exist: ghcr.io does not have the digest (MANIFEST_UNKNOWN: manifest unknown).`,
      hint: expect.stringContaining('crane ls docker.io/vllm/vllm-tpu'),
      evidence: { image: 'vllm/vllm-tpu:nightly-0', locations: [{ line: 9 }, { line: 11 }] },
    });
  });

  it.each<[string, ImageAnswer, RegExp]>([
    ['private', PRIVATE, /docker.io requires credentials/],
    ['denied', refused(403, 'DENIED'), /docker.io requires credentials/],
    ['behind a limit', refused(429, 'TOOMANYREQUESTS'), /docker.io limits requests: HTTP 429/],
    ['of a registry that is down', refused(503, ''), /docker.io returned HTTP 503/],
    ['behind a proxy that has a 404 of its own', refused(404, ''), /HTTP 404 without a reason that is known/],
    [
      'of a registry that does not reply',
      { is: 'unseen', why: 'it did not reply within 4 s' },
      /did not reply within 4 s/,
    ],
  ])('that are %s are not looked at, and never a failure', async (_, answer, words) => {
    const { outcome, seen } = await judged(answer);
    expect(outcome).toBe('not-checked');
    expect(seen).toMatch(/^not looked at: docker.io\/vllm\/vllm-tpu:nightly \(/);
    expect(seen).toMatch(words);
  });

  it('whose repository is unknown may be private where the pods have a pull secret', async () => {
    const unknown = refused(404, 'NAME_UNKNOWN');
    expect(await judged(unknown)).toMatchObject({
      outcome: 'fail',
      seen: expect.stringContaining('not have the repository'),
    });
    const withSecret = template({}, { imagePullSecrets: [{ name: 'regcred' }] });
    expect(await judged(unknown, withSecret)).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('does not show it without credentials'),
    });
    expect((await judged(ABSENT, withSecret)).outcome).toBe('fail');
  });

  it('are asked for once each, models and volumes among them, and not where the node must have them', async () => {
    const manifest = service(
      {
        initContainers: [{ name: 'a', image: IMAGE }],
        containers: [
          { name: 'main', image: IMAGE },
          { name: 'never', image: 'ghcr.io/x/never', imagePullPolicy: 'Never' },
        ],
        volumes: [{ name: 'v', image: { reference: 'quay.io/o/volume:1' } }],
      },
      { model: { uri: 'oci://ghcr.io/o/model:1' } },
    );
    const asked = registry({ is: 'there', digest: null });
    await checkImages(asked, [manifest]);
    expect(asked.asked.sort()).toEqual(['docker.io/vllm/vllm-tpu:nightly', 'ghcr.io/o/model:1', 'quay.io/o/volume:1']);
  });

  it('are eight at most, and the others are named', async () => {
    const containers = Array.from({ length: 12 }, (_, index) => ({
      name: `c${index}`,
      image: `ghcr.io/o/i${index}:1`,
    }));
    const asked = registry({ is: 'there', digest: null });
    const { seen, outcome } = (await checkImages(asked, [service({ containers })])) as {
      seen: string;
      outcome: string;
    };
    expect(asked.asked).toHaveLength(8);
    expect(outcome).toBe('not-checked');
    expect(seen).toContain('ghcr.io/o/i11:1 (one of more than 8)');
  });

  it('are not asked for where the input turns it off, or where there is none', async () => {
    expect(await checkImages(null, [template()])).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('check-images: off'),
    });
    expect(await checkImages(null, [service()])).toEqual({ value: new Map(), seen: 'the manifests name none' });
  });

  it('of hostile text are quoted and not asked for', async () => {
    const asked = registry({ is: 'there', digest: null });
    const look = await checkImages(asked, [template({ image: 'a b\n::error::x' })]);
    expect(asked.asked).toEqual([]);
    expect(look).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('"a b\\n::error::x" (it is not a reference)'),
    });
  });
});
