import { parse } from 'yaml';
import { flagValue } from './command-line.ts';

export interface Scorer {
  name: string;
  weight: number;
}

interface EndpointPickerConfig {
  plugins?: { type: string; name?: string }[];
  schedulingProfiles?: { name: string; plugins?: { pluginRef: string; weight?: number }[] }[];
}

/** Where in the arguments the flag stands whose value, the next argument, is the configuration's text. */
export function configFlagOf(args: string[]): number | undefined {
  const at = args.findIndex((arg, index) => /^--?(config-text|configText)$/.test(arg) && index + 1 < args.length);
  return at === -1 ? undefined : at;
}

/** The `--config-text` that an endpoint picker runs with; both spellings, with one dash or two, are in use. */
export function configTextOf(args: string[]): string | undefined {
  for (const flag of ['--config-text', '--configText', '-config-text', '-configText']) {
    const text = flagValue(args, flag);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Whether an endpoint picker serves TLS: it does unless `--secure-serving` is false (GIE, pkg/epp/server/options.go). */
export function servesTls(words: readonly string[]): boolean {
  return !words.some((word) => /^--?secure-?serving=(?:false|f|0)$/i.test(word));
}

/**
 * The scorers and weights of the first scheduling profile; a weight left out is 1, as the picker has it. Throws, with
 * the reason, for a configuration that the picker would refuse at its start.
 */
export function scorersOf(configText: string): readonly Scorer[] {
  // The gateway's table asks for the same ones after every change in the cluster.
  if (newest?.configText !== configText) newest = { configText, scorers: parseScorers(configText) };
  return newest.scorers;
}

let newest: { configText: string; scorers: readonly Scorer[] } | undefined;

function parseScorers(configText: string): Scorer[] {
  const config = parse(configText) as EndpointPickerConfig | null;
  const profile = config?.schedulingProfiles?.[0];
  if (!profile) throw new Error('no scheduling profile is defined');
  return (profile.plugins ?? [])
    .map((reference) => {
      const plugin = config.plugins?.find((one) => (one.name ?? one.type) === reference.pluginRef);
      if (!plugin) throw new Error(`there is no plugin named '${reference.pluginRef}'`);
      return { name: plugin.type, weight: reference.weight ?? 1 };
    })
    .filter((plugin) => plugin.name.endsWith('-scorer'));
}
