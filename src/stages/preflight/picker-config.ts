import { parseDocument } from 'yaml';
import type { Manifest } from '../../clients/files/manifests.ts';
import type { LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import { versionOf } from '../../diagnosis/facts.ts';
import { Failure } from '../../lib/failure.ts';
import { actingOf, type Controllers } from '../../stack/controllers.ts';
import { argumentOf, CONFIG_TEXT_FLAGS, ownPickerImage, type PickerFile } from '../../stack/picker.ts';
import { knownPicker } from '../../stack/picker-plugins.ts';
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
  const image = ownPickerImage(manifest.object);
  const stranger = image === null ? null : strangerTo(image, plugins);
  if (stranger) {
    return refuse(
      `declares the plugin ${stranger.type}, which ${stranger.picker} (${image}) does not have`,
      new RegExp(`type: *["']?${escaped(stranger.type)}`),
    );
  }
  const declared = new Set((plugins ?? []).map((plugin) => plugin?.name ?? plugin?.type));
  const used = schedulingProfiles.flatMap((profile) => profile?.plugins ?? []);
  const unknown = used.find(({ pluginRef }) => !declared.has(pluginRef));
  if (unknown)
    return refuse(
      `refers to ${unknown.pluginRef}, which it does not declare`,
      new RegExp(`pluginRef: *["']?${escaped(unknown.pluginRef ?? '')}`),
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

/**
 * The declared plugins against those of the picker that KServe's preset has: a picker ends with `plugin type … is not
 * registered`. A warning, since an administrator may have changed the preset.
 */
export function checkPlugins(manifest: Manifest, controllers: Controllers): Look {
  const text = configText(manifest.object);
  if (text === null) return { seen: 'KServe’s own' };
  const image = ownPickerImage(manifest.object) ?? presetPicker(controllers);
  if (image === null) return { outcome: 'not-checked', seen: 'the image of the endpoint picker is not known' };
  const known = knownPicker(image);
  if (known === null) {
    return { outcome: 'not-checked', seen: `the gate has no list of the plugins of ${image}` };
  }
  const { plugins }: PickerFile = parseDocument(text).toJS({ maxAliasCount: 0 }) ?? {};
  const stranger = strangerTo(image, plugins);
  return stranger
    ? {
        outcome: 'warning',
        seen: `${stranger.picker} (${image}, of KServe's preset) does not have the plugin ${stranger.type}, and would end at its start`,
        remedy: 'Take it out of the EndpointPickerConfig, or name another image in spec.router.scheduler.template.',
      }
    : { seen: `${known.name} has all ${plugins?.length ?? 0}` };
}

/** The first declared plugin that a known picker does not register. */
function strangerTo(image: string, plugins: PickerFile['plugins']): { type: string; picker: string } | null {
  const known = knownPicker(image);
  const type = (plugins ?? []).map((plugin) => plugin?.type).find((one) => one && known && !known.plugins.has(one));
  return known && type ? { type, picker: known.name } : null;
}

/** The picker of the preset `kserve-config-llm-scheduler` by KServe's minor version; ODH's release-v0.15 has v0.4 as well. */
const PRESETS: Readonly<Record<number, string>> = {
  15: 'quay.io/opendatahub/llm-d-inference-scheduler:release-v0.4',
  17: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.4.0',
  18: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.7.1',
  19: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.7.1',
  20: 'ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.9.0',
};

function presetPicker(controllers: Controllers): string | null {
  const [controller, ...others] = actingOf(controllers);
  const [major, minor = 0] = versionOf(controller?.image ?? null) ?? [];
  const isTold = controller && others.length === 0 && (controller.flavour === 'upstream' || minor === 15);
  return isTold && major === 0 ? (PRESETS[minor] ?? null) : null;
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

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
