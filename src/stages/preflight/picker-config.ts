import type { Manifest } from '../../clients/files/manifests.ts';
import type { LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import { versionOf } from '../../diagnosis/facts.ts';
import { Failure } from '../../lib/failure.ts';
import { escaped } from '../../lib/pattern.ts';
import { actingOf, type Controllers } from '../../stack/controllers.ts';
import { argumentOf, CONFIG_FILE_FLAGS, CONFIG_TEXT_FLAGS, ownPickerImage } from '../../stack/picker.ts';
import { isMisread, type PickerFile, readPickerFile, typeOf } from '../../stack/picker-file.ts';
import { knownPicker } from '../../stack/picker-plugins.ts';
import { evidenceAt } from '../../stack/service.ts';
import type { Look } from './table.ts';

/**
 * The endpoint picker's configuration in the manifest: what it does not start with is found here, before there is a node.
 * Only what every version agrees on is judged: what its loader reads, and references to plugins that are declared.
 */
export function checkPickerConfig(manifest: Manifest): Look {
  const given = configOf(manifest.object);
  if (given === null) return { seen: 'KServe’s own' };
  if ('elsewhere' in given) return { outcome: 'not-checked', seen: `its configuration is in ${given.elsewhere}` };
  const refuse = (message: string, at: RegExp): never => {
    throw new Failure({
      stage: 'preflight',
      code: 'bad-picker-config',
      message: `The configuration of the endpoint picker ${message}: it would end at its start, again and again.`,
      hint: 'Correct the EndpointPickerConfig in spec.router.scheduler.',
      evidence: evidenceAt(manifest, at, `the configuration ${message}`),
    });
  };
  const file = readPickerFile(given.text);
  if (isMisread(file)) return refuse(file.problem, file.at);
  const image = ownPickerImage(manifest.object);
  const stranger = image === null ? null : strangerTo(image, file);
  if (stranger) {
    return refuse(
      `declares the plugin ${stranger.type}, which ${stranger.picker} (${image}) does not have`,
      new RegExp(`type: *["']?${escaped(stranger.type)}`),
    );
  }
  const declared = new Set(file.plugins.map(({ name }) => name));
  const unknown = file.profiles.flatMap(({ plugins }) => plugins).find(({ ref }) => !declared.has(ref));
  if (unknown)
    return refuse(
      `refers to ${unknown.ref}, which it does not declare`,
      new RegExp(`pluginRef: *["']?${escaped(unknown.ref)}`),
    );
  const shown = profilesText(file);
  const [strange] = file.strange;
  if (strange !== undefined) {
    return {
      outcome: 'warning',
      seen: `${shown}; the gate does not know the field ${strange}, and a picker ends at one that it does not know`,
      remedy: 'See that the release of the picker has the field; the list of profiles is schedulingProfiles.',
    };
  }
  return sticks(file)
    ? { seen: shown }
    : {
        outcome: 'warning',
        seen: `${shown}: prefixes will not stick`,
        remedy: 'Put prefix-cache-scorer into the profile, with a weight above the others together.',
      };
}

/** Whether the profile that chooses the replica looks at its prefix cache. */
function sticks(file: PickerFile): boolean {
  return file.serving
    .flatMap(({ plugins }) => plugins)
    .some(({ ref, weight }) => /prefix-cache.*(?:scorer|affinity)/.test(typeOf(file, ref)) && weight > 0);
}

function profilesText(file: PickerFile): string {
  const texts = file.profiles.map((profile) => {
    const scorers = profile.plugins.filter(({ ref }) => /scorer/.test(typeOf(file, ref)));
    const shown = scorers.map(({ ref, weight }) => `${ref} ${weight}`).join(', ') || 'no scorer';
    return file.profiles.length > 1 ? `${profile.name}: ${shown}` : shown;
  });
  return texts.join('; ');
}

/**
 * The declared plugins against those of the picker that KServe's preset has: a picker ends with `plugin type … is not
 * registered`. A warning, since an administrator may have changed the preset.
 */
export function checkPlugins(manifest: Manifest, controllers: Controllers): Look {
  const given = configOf(manifest.object);
  if (given === null) return { seen: 'KServe’s own' };
  if ('elsewhere' in given) return { outcome: 'not-checked', seen: `its configuration is in ${given.elsewhere}` };
  const image = ownPickerImage(manifest.object) ?? presetPicker(controllers);
  if (image === null) return { outcome: 'not-checked', seen: 'the image of the endpoint picker is not known' };
  const known = knownPicker(image);
  if (known === null) {
    return { outcome: 'not-checked', seen: `the gate has no list of the plugins of ${image}` };
  }
  const file = readPickerFile(given.text);
  if (isMisread(file)) return { outcome: 'not-checked', seen: `its configuration ${file.problem}` };
  const stranger = strangerTo(image, file);
  return stranger
    ? {
        outcome: 'warning',
        seen: `${stranger.picker} (${image}, of KServe's preset) does not have the plugin ${stranger.type}, and would end at its start`,
        remedy: 'Take it out of the EndpointPickerConfig, or name another image in spec.router.scheduler.template.',
      }
    : { seen: `${known.name} has all ${file.plugins.length}` };
}

/** The first declared plugin that a known picker does not register. */
function strangerTo(image: string, { plugins }: PickerFile): { type: string; picker: string } | null {
  const known = knownPicker(image);
  const type = plugins.map((plugin) => plugin.type).find((one) => known && !known.plugins.has(one));
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

/** Its text: `spec.router.scheduler.config.inline`, from KServe v0.17 on, or the argument of the picker's container. */
function configOf({ spec }: LLMInferenceService): { text: string } | { elsewhere: string } | null {
  const { config, template } = spec?.router?.scheduler ?? {};
  const inline = config?.inline ?? null;
  if (inline !== null) return { text: typeof inline === 'string' ? inline : JSON.stringify(inline) };
  if (config?.ref?.name) return { elsewhere: `ConfigMap ${config.ref.name}, which the gate does not read` };
  const words = (template?.containers ?? []).flatMap(({ command = [], args = [] }) => [...command, ...args]);
  const text = argumentOf(words, CONFIG_TEXT_FLAGS);
  if (text !== null) return { text };
  const file = argumentOf(words, CONFIG_FILE_FLAGS);
  return file === null ? null : { elsewhere: `the file ${file} of its container` };
}
