import type { DiagnosisScenario } from '../types.ts';
import { manifest, NAMESPACE, scenario } from './shared.ts';

const FIXED_SECRET: [string, string] = ['optional: true', 'optional: false'];
const DENIED_SECRETS = [{ verb: 'get', group: '', resource: 'secrets' }];

/** Secrets that are missing, where the gate may read them and where it may not. */
export const SECRET_SCENARIOS: readonly DiagnosisScenario[] = [
  manifest('secret-key', 'a secret has another key than the manifest names', 'secret.key-missing', FIXED_SECRET, [
    'key: HF_TOKEN',
    'key: token',
  ]),
  scenario('secret-absent', 'a secret that a container needs does not exist', 'secret.missing', {
    manifests: { replace: [FIXED_SECRET] },
    cluster: { remove: [`Secret/${NAMESPACE}/hf-token`] },
  }),
  scenario('pull-secret-absent', 'the image pull secret does not exist', 'secret.pull-missing', {
    cluster: { remove: [`Secret/${NAMESPACE}/redhat-pull-secret`] },
  }),
  scenario('secret-key-unseen', 'the same key, and the gate may not read secrets', 'secret.key-missing', {
    manifests: { replace: [FIXED_SECRET, ['key: HF_TOKEN', 'key: token']] },
    cluster: { denied: DENIED_SECRETS },
  }),
  scenario('secret-unseen', 'a secret does not exist, and the gate may not read secrets', 'secret.missing', {
    manifests: { replace: [FIXED_SECRET] },
    cluster: { denied: DENIED_SECRETS, remove: [`Secret/${NAMESPACE}/hf-token`] },
  }),
  scenario(
    'pull-secret-unseen',
    'the pull secret does not exist, and the gate may not read secrets',
    'image.pull-denied',
    {
      cluster: { denied: DENIED_SECRETS, remove: [`Secret/${NAMESPACE}/redhat-pull-secret`] },
    },
  ),
];
