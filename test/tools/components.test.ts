import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addComponents } from '../../src/clients/files/components.ts';
import { loadManifests } from '../../src/clients/files/manifests.ts';
import { COMPONENTS } from '../../src/inputs/parsers/components.ts';
import { guard } from '../../src/stages/preflight/guard.ts';
import { ROOT } from '../unit/manifests/files.ts';
import { someInputs } from '../unit/stages/fakes.ts';

const namespace = 'llm-d-inference-scheduling';
const load = () => loadManifests({ path: join('manifests', 'pattern3'), root: ROOT, namespace, env: process.env });
const add = async (...components: string[]) =>
  addComponents(await load(), { components, packageRoot: ROOT, namespace, env: process.env });

describe('components over the manifests', () => {
  it('are added, and only what they change loses its lines', async () => {
    const manifests = await add('high-availability', 'strict-mtls');
    const shipped = manifests.filter((each) => each.shipped);
    expect(
      shipped.map(({ object }) => `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`).sort(),
    ).toEqual([
      `PeerAuthentication ${namespace}/strict-mtls`,
      `PeerAuthentication ${namespace}/strict-mtls-picker`,
      `PeerAuthentication ${namespace}/strict-mtls-vllm`,
      `PodDisruptionBudget ${namespace}/vllm-replicas`,
    ]);
    const given = manifests.filter((each) => !each.shipped);
    expect(given).toHaveLength((await load()).length);
    expect(given.filter(({ line }) => line === null).map(({ object }) => object.kind)).toEqual(['LLMInferenceService']);
    expect(given.every(({ file }) => file.includes('pattern3'))).toBe(true);
  });

  it('are all taken by the guard at once, but for two that do the same', async () => {
    const all = COMPONENTS.filter((name) => !['autoscaling-keda', 'monitoring-operator', 'dashboard'].includes(name));
    const manifests = await add(...all);
    expect(guard(manifests, someInputs().guard)).toEqual([]);
  });

  it('that nobody ships are refused in one sentence', async () => {
    await expect(add('../../../etc')).rejects.toMatchObject({ code: 'bad-manifest' });
  });

  it('need kubectl, and say so', async () => {
    const options = { components: ['limits'], packageRoot: ROOT, namespace, env: { PATH: '/nowhere' } };
    await expect(addComponents(await load(), options)).rejects.toMatchObject({
      code: 'kubectl-missing',
      message: expect.stringContaining('the input "components" (limits)'),
    });
  });
});
