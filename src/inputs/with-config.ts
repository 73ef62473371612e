import { MODE_NAMES, type ModeName, modeOfEvent } from '../lib/modes.ts';
import { clusterParts } from '../lib/place.ts';
import type { InputRow } from './row.ts';
import type { InputSource } from './source.ts';
import { INPUTS } from './spec.ts';

type Values = Readonly<Record<string, string>>;

const ROWS = new Map<string, InputRow>(INPUTS);

/** Inputs that are one choice together: the first of a row, where it is given, keeps the file from giving the others. */
const TOGETHER: readonly (readonly [first: string, others: readonly string[]])[] = [
  ['workload-identity-provider', ['service-account']],
  ['credentials-json', ['workload-identity-provider', 'service-account']],
  // The stacks that ship with the gate, in place of the one that the file names.
  ['pattern', ['manifests', 'retire']],
];

/** What a rollback does not take from the file: it leads to Pattern 1 on as few nodes as that needs, and does not end by itself. */
const NOT_RESTORED = ['pattern', 'manifests', 'retire', 'nodes', 'expires-in'] as const;

/**
 * The inputs of a source, with those of a file where the source gives none. `filledIn`: whether the source has the default
 * of each input that nobody gave, as a runner does. Such a default gives way to the file.
 */
export function withConfig(source: InputSource, config: Values, { filledIn }: { filledIn: boolean }): InputSource {
  const isGiven = (name: string): boolean => {
    const row = ROWS.get(name);
    const byDefault = filledIn ? (row?.default ?? '') : '';
    return [name, ...(row?.aliases ?? [])].some((spelling) => {
      const text = source.get(spelling)?.trim() ?? '';
      return text !== '' && (spelling !== name || text !== byDefault);
    });
  };
  const values = expanded(config);
  const hidden = new Set(TOGETHER.filter(([first]) => isGiven(first)).flatMap(([, others]) => others));
  for (const name of notOfMode(askedMode(source))) hidden.add(name);
  if (clusterParts(source.get('cluster') ?? '')) for (const name of ['project-id', 'location']) hidden.add(name);
  return {
    ...source,
    get: (name) => {
      const value = hidden.has(name) || !Object.hasOwn(values, name) ? undefined : values[name];
      return value === undefined || isGiven(name) ? source.get(name) : value;
    },
  };
}

/** Null for a value that is not a mode, which is refused elsewhere. */
function askedMode({ get, env }: InputSource): ModeName | null {
  const text = get('mode')?.trim() || 'auto';
  return text === 'auto' ? modeOfEvent(env.GITHUB_EVENT_NAME) : (MODE_NAMES.find((name) => name === text) ?? null);
}

/** Inputs that the file, which is one for all modes, does not give this one. */
function notOfMode(mode: ModeName | null): readonly string[] {
  const others = INPUTS.filter(([, { modes }]) => mode && modes && !modes.includes(mode));
  return [...others.map(([name]) => name), ...(mode === 'restore' ? NOT_RESTORED : [])];
}

/** The parts of a full name of a cluster, so that each may give way alone. */
function expanded(config: Values): Values {
  const parts = clusterParts(config.cluster ?? '');
  if (!parts) return config;
  const { project, location, cluster } = parts;
  return { ...config, 'project-id': config['project-id'] ?? project, location: config.location ?? location, cluster };
}
