import { parseDocument } from 'yaml';
import type { Manifest } from '../../clients/files/manifests.ts';
import type { LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import { Failure } from '../../lib/failure.ts';
import { argumentOf, CONFIG_TEXT_FLAGS, type PickerFile } from '../../stack/picker.ts';
import { evidenceAt } from '../../stack/service.ts';
import type { Look } from './table.ts';

/**
 * The endpoint picker's configuration in the manifest: what it does not start with is found here, before there is a node.
 * Only what every version agrees on is judged: YAML that parses, a profile, references to plugins that are declared.
 */
export function checkPickerConfig(manifest: Manifest): Look {
  const text = configText(manifest.object);
  if (text === null) return { seen: 'KServe’s own' };
  const refuse = (message: string, at: RegExp): never => {
    throw new Failure({
      stage: 'preflight',
      code: 'bad-picker-config',
      message: `The configuration of the endpoint picker ${message}: it would end at its start, again and again.`,
      hint: 'Correct the EndpointPickerConfig in spec.router.scheduler.',
      blame: 'change',
      evidence: evidenceAt(manifest, at, `the configuration ${message}`),
    });
  };
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error)
    return refuse(`is no YAML (${error.message.split('\n')[0]})`, /EndpointPickerConfig|config-?[tT]ext|inline:/);
  const { plugins, schedulingProfiles }: PickerFile = document.toJS({ maxAliasCount: 0 }) ?? {};
  if (!Array.isArray(schedulingProfiles) || schedulingProfiles.length === 0) {
    return refuse('has no scheduling profile', /EndpointPickerConfig|config-?[tT]ext|inline:/);
  }
  const declared = new Set((plugins ?? []).map((plugin) => plugin?.name ?? plugin?.type));
  const used = schedulingProfiles.flatMap((profile) => profile?.plugins ?? []);
  const unknown = used.find(({ pluginRef }) => !declared.has(pluginRef));
  if (unknown)
    return refuse(
      `refers to ${unknown.pluginRef}, which it does not declare`,
      new RegExp(`pluginRef: *["']?${unknown.pluginRef}`),
    );
  const scorers = used.filter(({ pluginRef = '' }) => /scorer/.test(typeOf(plugins, pluginRef)));
  const shown = scorers.map(({ pluginRef, weight = 1 }) => `${pluginRef} ${weight}`).join(', ') || 'no scorer';
  const prefix = scorers.find(
    ({ pluginRef = '', weight = 1 }) => /prefix-cache/.test(typeOf(plugins, pluginRef)) && weight > 0,
  );
  return prefix
    ? { seen: shown }
    : {
        outcome: 'warning',
        seen: `${shown}: prefixes will not stick`,
        remedy: 'Put prefix-cache-scorer into the profile, with a weight above the others together.',
      };
}

function typeOf(plugins: PickerFile['plugins'], ref: string): string {
  return plugins?.find(({ type, name }) => (name ?? type) === ref)?.type ?? ref;
}

/** `spec.router.scheduler.config.inline`, from KServe v0.17 on, or the argument of the picker's container. */
function configText({ spec }: LLMInferenceService): string | null {
  const { config, template } = spec?.router?.scheduler ?? {};
  const inline = config?.inline ?? null;
  if (inline !== null) return typeof inline === 'string' ? inline : JSON.stringify(inline);
  const words = (template?.containers ?? []).flatMap(({ command = [], args = [] }) => [...command, ...args]);
  return argumentOf(words, CONFIG_TEXT_FLAGS);
}
