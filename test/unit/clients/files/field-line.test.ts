import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathIn } from '../../../../src/clients/files/field-line.ts';
import { atManifest } from '../../../../src/clients/files/manifest-failure.ts';
import { loadManifests, type Manifest } from '../../../../src/clients/files/manifests.ts';
import { kubeFailure } from '../../../../src/clients/kubernetes/failures.ts';
import type { Failure } from '../../../../src/lib/failure.ts';

const TEXT = `# a comment
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata:
  name: qwen
  labels:
    app.kubernetes.io/name: qwen
    "app.kubernetes.io/part-of": serving
spec:
  replicaz: 3
  template:
    containers:
      - image: a
        resources: {limits: {"google.com/tpu": "4"}}
      - name: second
        env:
          - name: HOME
            valueFrm: {}
  ports:
    - {port: 80, protocol: TCP}
    - port: 80
      protocol: UDP
      nam: x
`;

let folder: string;
let manifest: Manifest;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'field-line-'));
  writeFileSync(join(folder, 'service.yaml'), TEXT);
  [manifest] = (await loadManifests({ path: 'service.yaml', root: folder, namespace: 'ns', env: {} })) as [Manifest];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lineOf = (start: string) => TEXT.split('\n').findIndex((line) => line.trimStart().startsWith(start)) + 1;

function refusal(status: number, message: string, fields: string[] = []): Failure {
  const causes = fields.map((field) => ({ field, message: 'x', reason: 'FieldValueInvalid' }));
  const body = JSON.stringify({ kind: 'Status', message, details: { causes } });
  const failure = kubeFailure('LLMInferenceService qwen in ns', { status, body, retryAfterMs: 0 }, 'preflight');
  return atManifest(failure, 'preflight', manifest) as Failure;
}

describe('a refusal stands at the line of the field that the API server named', () => {
  it.each<[string, number, string[], string]>([
    ['strict decoding error: unknown field "spec.replicaz"', 400, [], 'replicaz:'],
    [
      'failed to create typed patch object (ns/qwen; serving.kserve.io/v1alpha1, Kind=LLMInferenceService): .spec.replicaz: field not declared in schema',
      500,
      [],
      'replicaz:',
    ],
    ['strict decoding error: unknown field "spec.template.containers[1].env[0].valueFrm"', 400, [], 'valueFrm:'],
    [
      'failed to create typed patch object (ns/qwen): .spec.template.containers[name="second"].env[name="HOME"].valueFrm: field not declared in schema',
      500,
      [],
      'valueFrm:',
    ],
    [
      'failed to create typed patch object (ns/qwen): .spec.ports[port=80,protocol="UDP"].nam: field not declared in schema',
      500,
      [],
      'nam:',
    ],
    // Fields that are missing stand at the nearest that is there.
    ['LLMInferenceService "qwen" is invalid: spec.template.containers[0].name: Required value', 422, [], '- image: a'],
    ['LLMInferenceService "qwen" is invalid', 422, ['spec.template.containers[0].name'], '- image: a'],
    ['LLMInferenceService "qwen" is invalid: spec.router.gateway: Required value', 422, [], 'spec:'],
    [
      'LLMInferenceService "qwen" is invalid: <nil>: Invalid value: "": must not',
      422,
      ['<nil>', 'spec.template'],
      'template:',
    ],
    [
      'LLMInferenceService "qwen" is invalid: spec.replicaz: Invalid value: "string": spec.replicaz in body must be of type integer',
      422,
      ['spec.replicaz'],
      'replicaz:',
    ],
    [
      'LLMInferenceService "qwen" is invalid',
      422,
      ['metadata.labels[app.kubernetes.io/name]'],
      'app.kubernetes.io/name:',
    ],
    [
      'LLMInferenceService "qwen" is invalid',
      422,
      ['metadata.labels.app.kubernetes.io/part-of'],
      '"app.kubernetes.io/part-of":',
    ],
    [
      'LLMInferenceService "qwen" is invalid',
      422,
      ['spec.template.containers[0].resources.limits[google.com/tpu]'],
      'resources: {',
    ],
    [
      'json: cannot unmarshal string into Go struct field LLMInferenceServiceSpec.spec.replicaz of type int32',
      400,
      [],
      'replicaz:',
    ],
    [
      'admission webhook "validate.kyverno.svc" denied the request: rule a failed at path /spec/template/containers/1/env/',
      403,
      [],
      'env:',
    ],
    [
      'LLMInferenceService "qwen" is invalid: [spec.ports[0].name: Required value: must name, spec.replicaz: Invalid value: 3]',
      422,
      [],
      '- {port: 80',
    ],
    // Nothing is named: the document.
    ['the object is too large', 413, [], 'apiVersion:'],
  ])('%s (%i)', (message, status, fields, at) => {
    const failure = refusal(status, message, fields);
    expect(failure.evidence.line).toBe(lineOf(at));
    expect(failure.message.startsWith(`service.yaml:${lineOf(at)}: `)).toBe(true);
  });

  it('and each further field has a place of its own', () => {
    const failure = refusal(
      400,
      'strict decoding error: unknown field "spec.replicaz", unknown field "spec.ports[1].nam"',
    );
    const places = failure.evidence.locations as { line: number }[];
    expect(places.map(({ line }) => line)).toEqual([lineOf('replicaz:'), lineOf('nam:')]);
  });
});

it.each<[string, (string | number)[]]>([
  ['', []],
  ['.', []],
  ['spec[', ['spec', '']],
  ['[[[', ['[[']],
  ['spec.__proto__.x', ['spec', '__proto__', 'x']],
  ['spec.template.containers[9].name', ['spec', 'template', 'containers', 9, 'name']],
])('a field such as "%s" is a path that ends', (field, path) => {
  expect(pathIn(manifest.object, field)).toEqual(path);
});
