import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { Deployment, LLMInferenceService } from '../clients/kubernetes/kinds.ts';
import { isWorkload, pickerSelector } from './labels.ts';
import { isOwnedBy } from './ownership.ts';
import { isMisread, readPickerFile, scorersIn } from './picker-file.ts';
import type { ServiceRef } from './refs.ts';

export interface PickerConfig {
  image: string | null;
  /** Null when the live arguments carry no readable configuration. */
  scorers: { name: string; weight: number }[] | null;
  /** Where its configuration is: in its arguments, in a file that cannot be read from here, or nowhere (its defaults). */
  source: 'arguments' | 'file' | 'default' | 'not found';
}

/**
 * The endpoint picker's live configuration, from its Deployment's arguments: KServe keeps an existing configuration
 * across its own upgrades, so neither the manifest nor the controller's default tells what is running.
 */
export async function readPicker(kube: KubeClient, service: ServiceRef): Promise<PickerConfig> {
  const deployments = await kube.list('apps/v1', 'Deployment', {
    namespace: service.namespace,
    labelSelector: pickerSelector(service.name),
  });
  const deployment = deployments?.[0] ?? (await byOwner(kube, service));
  const containers = deployment?.spec?.template?.spec?.containers ?? [];
  const main = containers.find(({ name }) => name === 'main') ?? containers[0];
  if (!main) return { image: null, scorers: null, source: 'not found' };
  const words = [...(main.command ?? []), ...(main.args ?? [])];
  const source =
    argumentOf(words, CONFIG_TEXT_FLAGS) !== null
      ? 'arguments'
      : argumentOf(words, CONFIG_FILE_FLAGS) !== null
        ? 'file'
        : 'default';
  return { image: main.image ?? null, scorers: scorersOf(words), source };
}

/** The service's Deployment that is not a workload: a controller that labels it otherwise still owns it. */
async function byOwner(kube: KubeClient, service: ServiceRef): Promise<Deployment | null> {
  const all = (await kube.list('apps/v1', 'Deployment', { namespace: service.namespace })) ?? [];
  const others = all.filter((one) => isOwnedBy(one, service) && !isWorkload(one));
  return others.find(({ metadata }) => /scheduler|epp/.test(metadata.name)) ?? null;
}

/** The image that a manifest gives the endpoint picker; null where a preset of KServe has it. */
export function ownPickerImage({ spec }: LLMInferenceService): string | null {
  return spec?.router?.scheduler?.template?.containers?.find(({ name }) => name === 'main')?.image ?? null;
}

/** Flags that carry the configuration itself: `--configText` is KServe v0.16's. */
export const CONFIG_TEXT_FLAGS = ['--config-text', '--configText', '-config-text', '-configText'];
export const CONFIG_FILE_FLAGS = ['--config-file', '--configFile', '-config-file', '-configFile'];

/** Scorers with their weights from `--config-text` (`--configText` on KServe v0.16). */
export function scorersOf(args: readonly string[]): PickerConfig['scorers'] {
  const text = argumentOf(args, CONFIG_TEXT_FLAGS);
  const file = text === null ? null : readPickerFile(text);
  return file === null || isMisread(file) ? null : scorersIn(file, file.serving);
}

/** The value of the first flag of these names, as the next word or behind `=`; null without one. */
export function argumentOf(args: readonly string[], names: readonly string[]): string | null {
  for (const [index, arg] of args.entries()) {
    for (const name of names) {
      if (arg === name) return args[index + 1] ?? null;
      if (arg.startsWith(`${name}=`)) return arg.slice(name.length + 1);
    }
  }
  return null;
}
