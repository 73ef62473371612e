import { Failure } from '../../lib/failure.ts';
import { isSafe } from '../google/endpoints.ts';

/** Names the pull-through mirror that is asked in place of registries. */
const MIRROR = 'TPU_SERVING_GATE_REGISTRY_MIRROR';

/**
 * The mirror of the environment; null without one. Who sets the environment of the gate is trusted, so the mirror may be
 * inside a network; plain http is accepted on loopback only. Fails with `bad-endpoint` for anything else.
 */
export function registryMirror(env: Readonly<Record<string, string | undefined>>): URL | null {
  const value = env[MIRROR];
  if (!value) return null;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url && isSafe(url)) return url;
  throw new Failure({
    stage: 'inputs',
    code: 'bad-endpoint',
    message: `${MIRROR} is not an address of a mirror; allowed: an https URL (http on loopback only).`,
    hint: `Correct ${MIRROR}, or leave it out.`,
  });
}
