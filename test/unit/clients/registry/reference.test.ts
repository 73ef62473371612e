import { describe, expect, it } from 'vitest';
import { imageReference, registryOrigin } from '../../../../src/clients/registry/reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('an image reference', () => {
  it.each([
    ['vllm/vllm-tpu:v0.11.0', 'docker.io', 'vllm/vllm-tpu', 'v0.11.0'],
    ['busybox', 'docker.io', 'library/busybox', 'latest'],
    ['docker.io/busybox:1', 'docker.io', 'library/busybox', '1'],
    ['index.docker.io/vllm/vllm-tpu', 'docker.io', 'vllm/vllm-tpu', 'latest'],
    ['ghcr.io/llm-d/llm-d-cuda:v0.8.0', 'ghcr.io', 'llm-d/llm-d-cuda', 'v0.8.0'],
    [`quay.io/opendatahub/vllm@${DIGEST}`, 'quay.io', 'opendatahub/vllm', DIGEST],
    [`quay.io/opendatahub/vllm:v1@${DIGEST}`, 'quay.io', 'opendatahub/vllm', DIGEST],
    ['us-docker.pkg.dev/p/r/image:1', 'us-docker.pkg.dev', 'p/r/image', '1'],
    ['registry.example.com:5000/a/b', 'registry.example.com:5000', 'a/b', 'latest'],
    ['localhost:5000/a', 'localhost:5000', 'a', 'latest'],
    ['a__b/c.d-e--f:X', 'docker.io', 'a__b/c.d-e--f', 'X'],
  ])('%s', (text, registry, repository, version) => {
    expect(imageReference(text)).toEqual({ registry, repository, version, isDigest: version.includes(':') });
  });

  it.each([
    '',
    'UPPER/case',
    'a/../b',
    'a//b',
    'a:b:c',
    'ghcr.io/',
    'ghcr.io/a@sha256:12',
    `a@${DIGEST}@${DIGEST}`,
    'evil.example/a?x=y',
    'evil.example/a#b',
    'user@evil.example/a',
    'evil.example\\@good.example/a',
    'a/b:{{ .Version }}',
    `docker.io/${'a'.repeat(256)}`,
  ])('that is none: %s', (text) => {
    expect(imageReference(text)).toBeNull();
  });

  it('of Docker Hub is asked for where its API is', () => {
    expect(registryOrigin(imageReference('vllm/vllm-tpu')!).href).toBe('https://registry-1.docker.io/');
    expect(registryOrigin(imageReference('ghcr.io/a/b')!).href).toBe('https://ghcr.io/');
  });
});
