import { describe, expect, it } from 'vitest';
import type { LLMInferenceService } from '../../../../src/clients/kubernetes/kinds.ts';
import type { Controllers, Flavour } from '../../../../src/stack/controllers.ts';
import { checkPrerequisites } from '../../../../src/stages/preflight/prerequisites.ts';
import { pattern } from '../../manifests/files.ts';

const SERVICE: LLMInferenceService = pattern('pattern3').find(({ kind }) => kind === 'LLMInferenceService');
const ODH = controllers('quay.io/opendatahub/kserve-controller:v0.15-latest', 'odh');
const upstream = (version: string) => controllers(`kserve/llmisvc-controller:${version}`, 'upstream');

function controllers(image: string, flavour: Flavour): Controllers {
  return { found: [{ namespace: 'x', image, flavour, actsOnServices: true }], hidden: [] };
}

/** Checks against a cluster that has every kind but these. */
function check(found: Controllers, lacks: string[] = [], service = SERVICE) {
  const serves = async (apiVersion: string, kind: string) => !lacks.includes(`${kind}.${apiVersion.split('/')[0]}`);
  return checkPrerequisites({ serves }, found, service);
}

const MODEL = 'InferenceModel.inference.networking.x-k8s.io';
const OBJECTIVE = 'InferenceObjective.inference.networking.x-k8s.io';
const OLD_POOL = 'InferencePool.inference.networking.x-k8s.io';
const NEW_POOL = 'InferencePool.inference.networking.k8s.io';
const WORKERS = 'LeaderWorkerSet.leaderworkerset.x-k8s.io';
const RULE = 'DestinationRule.networking.istio.io';

describe('what KServe needs', () => {
  it('of ODH v0.15 has InferenceModel, which is named with the command', async () => {
    await expect(check(ODH, [MODEL])).rejects.toMatchObject({
      stage: 'preflight',
      code: 'prerequisite-missing',
      blame: 'cluster',
      message:
        'KServe kserve-controller:v0.15-latest needs InferenceModel (inference.networking.x-k8s.io/v1alpha2), which the cluster does not have: the service would never be ready.',
      hint: expect.stringMatching(
        /restart the controller: `kubectl apply -f https:\/\/\S+\/v0\.3\.0\/config\/crd\/bases\/inference\.networking\.x-k8s\.io_inferencemodels\.yaml`$/,
      ),
    });
  });

  it.each<[string, Controllers, string[], string[]]>([
    ['ODH v0.15', ODH, [OLD_POOL, MODEL, OBJECTIVE, RULE], [NEW_POOL, WORKERS]],
    ['upstream v0.17', upstream('v0.17.1'), [OLD_POOL, NEW_POOL, OBJECTIVE, WORKERS], [MODEL, RULE]],
    ['upstream v0.18', upstream('v0.18.0'), [OLD_POOL, NEW_POOL], [MODEL, OBJECTIVE, WORKERS, RULE]],
    ['upstream v0.19', upstream('v0.19.0'), [OLD_POOL, NEW_POOL], [MODEL, OBJECTIVE, WORKERS, RULE]],
    ['upstream v0.20', upstream('v0.20.0'), [NEW_POOL], [OLD_POOL, MODEL, OBJECTIVE, WORKERS, RULE]],
    ['ODH v0.17', controllers('x/odh-kserve-llmisvc-controller:v0.17', 'odh'), [NEW_POOL, RULE], [MODEL, WORKERS]],
  ])('of %s is refused without one of it, and taken without the rest', async (_, found, needed, rest) => {
    for (const kind of [...needed, 'HTTPRoute.gateway.networking.k8s.io', 'Gateway.gateway.networking.k8s.io']) {
      await expect(check(found, [kind])).rejects.toMatchObject({
        code: 'prerequisite-missing',
        message: expect.stringContaining(`needs ${kind.split('.')[0]} (`),
      });
    }
    expect(await check(found, rest)).toEqual({ seen: expect.stringMatching(/has the \d+ kinds that it needs$/) });
  });

  it('names all that is missing, each command once', async () => {
    const failure = await check(upstream('v0.17.1'), [OLD_POOL, NEW_POOL, WORKERS]).catch((error) => error);
    expect(failure.message.match(/\(/g)).toHaveLength(3);
    expect(failure.hint).toContain('Install them');
    const both = await check(ODH, ['HTTPRoute.gateway.networking.k8s.io', 'Gateway.gateway.networking.k8s.io']).catch(
      (error) => error,
    );
    expect(both.hint.match(/standard-install/g)).toHaveLength(1);
  });

  it('has LeaderWorkerSet for a service with workers on every version', async () => {
    const service = { ...SERVICE, spec: { ...SERVICE.spec, worker: { containers: [] } } };
    await expect(check(upstream('v0.20.0'), [WORKERS], service)).rejects.toMatchObject({
      message: expect.stringContaining('LeaderWorkerSet'),
    });
  });

  it('has no pool without an endpoint picker', async () => {
    const service = { ...SERVICE, spec: { ...SERVICE.spec, router: {} } };
    expect(await check(ODH, [OLD_POOL, MODEL, OBJECTIVE], service)).not.toHaveProperty('outcome');
  });

  it.each<[string, Controllers, string]>([
    ['a later version', upstream('v0.21.0'), 'no table of what kserve/llmisvc-controller:v0.21.0 needs'],
    ['v0.16, which was not read', upstream('v0.16.0'), 'no table'],
    ['an image without a version', controllers('quay.io/opendatahub/kserve-controller:odh-stable', 'odh'), 'no table'],
    ['a build that is not known', controllers('corp.example/kserve-controller:v0.17.1', 'unknown'), 'no table'],
    ['a namespace that may not be read', { found: [], hidden: ['kserve'] }, 'controllers of kserve are not readable'],
    ['no controller', { found: [], hidden: [] }, 'no controller was found'],
    ['two controllers', { found: [...ODH.found, ...upstream('v0.20.0').found], hidden: [] }, '2 controllers act'],
  ])('is said not to be checked for %s', async (_, found, seen) => {
    expect(await check(found)).toMatchObject({ outcome: 'not-checked', seen: expect.stringContaining(seen) });
  });
});
