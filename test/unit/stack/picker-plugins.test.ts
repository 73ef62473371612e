import { describe, expect, it } from 'vitest';
import { knownPicker } from '../../../src/stack/picker-plugins.ts';

const GIE = 'registry.k8s.io/gateway-api-inference-extension/epp:v1.5.0';
const LLM_D = 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.4.0';

describe('the plugins of an endpoint picker', () => {
  it('are those of its release', () => {
    expect(knownPicker(GIE)?.plugins.has('no-hit-lru-scorer')).toBe(false);
    expect(knownPicker(LLM_D)?.plugins.has('no-hit-lru-scorer')).toBe(true);
    expect(knownPicker(LLM_D.replace('v0.4.0', 'v0.3.2'))?.plugins.has('no-hit-lru-scorer')).toBe(false);
    // Renamed in v1.5.
    expect(knownPicker(GIE)?.plugins.has('model-server-protocol-metrics')).toBe(false);
    expect(knownPicker(GIE.replace('v1.5.0', 'v1.4.0'))?.plugins.has('model-server-protocol-metrics')).toBe(true);
  });

  it.each([
    ['quay.io/opendatahub/llm-d-inference-scheduler:release-v0.4', "llm-d's endpoint picker v0.4"],
    ['localhost:5000/mirror/llm-d-router-endpoint-picker:v0.8.0@sha256:0123', "llm-d's endpoint picker v0.8"],
    ['localhost:5000/mirror/llm-d-router-endpoint-picker:v0.8.0', "llm-d's endpoint picker v0.8"],
    ['ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.9.0', "llm-d's endpoint picker v0.9"],
    ['registry.k8s.io/gateway-api-inference-extension/epp:v1.1.0', "GIE's endpoint picker v1.1"],
  ])('are known by the image %s: %s', (image, name) => {
    expect(knownPicker(image)?.name ?? null).toBe(name);
  });

  it.each([
    'ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0',
    'registry.k8s.io/gateway-api-inference-extension/epp:v1.6.0',
    'registry.k8s.io/gateway-api-inference-extension/epp:main',
    'registry.redhat.io/rhoai/odh-llm-d-inference-scheduler-rhel9@sha256:0123',
    'example.com/my-picker:v0.4.0',
    'ghcr.io/llm-d/llm-d-inference-scheduler:v0.4.0-custom',
  ])('are not guessed for %s', (image) => {
    expect(knownPicker(image)).toBeNull();
  });
});
