import type { Cause } from '../../lib/causes.ts';
import { escaped } from '../../lib/pattern.ts';
import { quote, troubled, waiting, warned } from '../facts.ts';
import { namespaceOf, type Rule, serviceOf, TEMPLATE, waited } from './rule.ts';

const secretNamed = (name: string | undefined) => ({
  text: new RegExp(`name: *["']?${escaped(name ?? '')}["']?\\s*$`),
});

/** Secrets, ConfigMaps and keys that a container refers to and that are not there. */
export const REFERENCE_RULES: readonly Rule[] = [
  configRule(
    'secret.key-missing',
    'A secret lacks a key that the pods need',
    '“couldn’t find key … in Secret …”',
    /couldn't find key (\S+) in Secret [^/\s]+\/(\S+)/,
    ([, key, name]) => `Secret ${name} has no key ${key}.`,
    ([, key]) => ({ text: new RegExp(`key: *["']?${escaped(key ?? '')}["']?\\s*$`) }),
  ),
  configRule(
    'secret.missing',
    'A secret that the pods need does not exist',
    '“secret … not found”',
    /secret "((?![^"]*self-signed-certs)[^"]+)" not found/,
    ([, name]) => `Secret ${name} does not exist.`,
    ([, name]) => secretNamed(name),
  ),
  configRule(
    'configmap.key-missing',
    'A ConfigMap lacks a key that the pods need',
    '“couldn’t find key … in ConfigMap …”',
    /couldn't find key (\S+) in ConfigMap [^/\s]+\/(\S+)/,
    ([, key, name]) => `ConfigMap ${name} has no key ${key}.`,
    ([, key]) => ({ text: new RegExp(`key: *["']?${escaped(key ?? '')}["']?\\s*$`) }),
  ),
  configRule(
    'configmap.missing',
    'A ConfigMap that the pods need does not exist',
    '“configmap … not found”',
    /configmap "([^"]+)" not found/,
    ([, name]) => `ConfigMap ${name} does not exist.`,
    ([, name]) => secretNamed(name),
  ),
  {
    cause: 'container.config',
    title: 'The container cannot be made from its manifest',
    family: 'pods',
    confidence: 'probable',
    looksLike: 'waiting with CreateContainerConfigError, in words about nothing of the above',
    match(evidence) {
      const { failure } = evidence;
      if (failure?.code !== 'container-config') return null;
      const words = String(failure.evidence.message ?? '');
      const at = waiting(troubled(evidence), /CreateContainerConfigError/);
      return {
        seen: [at ? quote(at, words) : words],
        explanation: `The kubelet cannot make a container of ${serviceOf(evidence)}: ${words.slice(0, 200)}.`,
        where: { path: [...TEMPLATE, 'containers', 0] },
      };
    },
    remedy: () => 'Correct what the kubelet names in spec.template of the LLMInferenceService.',
  },

  // The model server.
];

/** A reference of a container to what is not there: kubelet's words in the waiting message or in a FailedMount event. */
function configRule(
  cause: Cause,
  title: string,
  looksLike: string,
  pattern: RegExp,
  explanation: (found: RegExpExecArray) => string,
  where: (found: RegExpExecArray) => { text?: RegExp; path?: readonly (string | number)[] },
): Rule {
  return {
    cause,
    title,
    family: 'pods',
    confidence: 'proven',
    looksLike: `waiting with CreateContainerConfigError, or FailedMount, with ${looksLike}`,
    match(evidence) {
      const { failure } = evidence;
      if (!waited(evidence)) return null;
      const at = waiting(troubled(evidence), /CreateContainerConfigError|CreateContainerError/);
      const words =
        failure?.code === 'container-config' ? String(failure.evidence.message ?? '') : (at?.container.message ?? '');
      const mounts =
        failure?.code === 'ready-timeout' || failure?.code === 'not-healing'
          ? warned(evidence, pattern, /FailedMount/)
          : [];
      const text = words !== '' && pattern.test(words) ? words : (mounts.at(-1) ?? '');
      const found = text === '' ? null : pattern.exec(text);
      if (!found) return null;
      return {
        seen: [at && words !== '' ? quote(at, words) : text, ...warned(evidence, pattern, /Failed/).slice(-3)],
        explanation: `${explanation(found)} A container of ${serviceOf(evidence)} refers to it and cannot start without it.`,
        where: where(found),
      };
    },
    remedy: (evidence) =>
      `Create it in ${namespaceOf(evidence)}, or correct its name and key in the manifest: kubectl -n ${namespaceOf(evidence)} get secrets,configmaps`,
  };
}
