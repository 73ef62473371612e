import { parseDocument } from 'yaml';
import { isMap } from '../lib/decode.ts';

/** A plugin as declared, by the name that profiles refer to it by. */
export interface DeclaredPlugin {
  name: string;
  type: string;
}

/** A scheduling profile with its plugins in order. */
export interface Profile {
  name: string;
  plugins: { ref: string; weight: number }[];
}

/** An EndpointPickerConfig as a picker reads it. */
export interface PickerFile {
  plugins: DeclaredPlugin[];
  profiles: Profile[];
  /** The profiles that choose the replica which answers: all of them where no plugin says which. */
  serving: Profile[];
  /** Fields at its top that no release is known to have. Pickers read it strictly. */
  strange: string[];
}

/** Why a picker would end at its start: a phrase after "The configuration", and where it is. */
export interface Misread {
  problem: string;
  at: RegExp;
}

/** Enough for anchors that people write, too few for a document that grows without end. */
const MOST_ALIASES = 100;
/** GIE apix/config/v1alpha1 v1.0 to v1.5, and llm-d's of v0.9. */
const FIELDS: ReadonlySet<string> = new Set([
  ...['apiVersion', 'kind', 'metadata', 'featureGates', 'plugins', 'schedulingProfiles', 'saturationDetector'],
  ...['data', 'dataLayer', 'flowControl', 'parser', 'requestHandler'],
]);
const WHOLE = /EndpointPickerConfig|config-?[tT]ext|inline:/;

/**
 * Reads an EndpointPickerConfig as its loader does (gateway-api-inference-extension v1.5.0 pkg/epp/config/loader):
 * aliases and merge keys are YAML, a null list is an empty one, an entry needs its `type` or `pluginRef`, and without
 * profiles there is one of all plugins at weight 1.
 */
export function readPickerFile(text: string): PickerFile | Misread {
  const document = parseDocument(text, { merge: true });
  const [error] = document.errors;
  if (error) return { problem: `is no YAML (${error.message.split('\n')[0]})`, at: WHOLE };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch {
    return { problem: `has more than ${MOST_ALIASES} aliases, or one without its anchor`, at: /\*\w/ };
  }
  if (!isMap(value)) return { problem: 'is not a map of fields', at: WHOLE };
  const plugins = readPlugins(value.plugins ?? []);
  if (!Array.isArray(plugins)) return plugins;
  const given = readProfiles(value.schedulingProfiles ?? []);
  if (!Array.isArray(given)) return given;
  const all = { name: 'default', plugins: plugins.map(({ name }) => ({ ref: name, weight: 1 })) };
  const profiles = given.length > 0 ? given : [all];
  const chosen = destination(value.plugins);
  const serving = profiles.filter(({ name }) => name === chosen);
  const strange = Object.keys(value).filter((field) => !FIELDS.has(field));
  return { plugins, profiles, serving: serving.length > 0 ? serving : profiles, strange };
}

/** Whether a file could not be read. */
export function isMisread(file: PickerFile | Misread): file is Misread {
  return 'problem' in file;
}

/** The scorers of profiles, by type, each once. */
export function scorersIn(file: PickerFile, profiles: readonly Profile[]): { name: string; weight: number }[] {
  const found = new Map<string, number>();
  for (const { ref, weight } of profiles.flatMap(({ plugins }) => plugins)) {
    const type = typeOf(file, ref);
    if (/scorer/.test(type) && !found.has(type)) found.set(type, weight);
  }
  return [...found].map(([name, weight]) => ({ name, weight }));
}

/** The type of a plugin by the name that a profile refers to it by. */
export function typeOf({ plugins }: PickerFile, ref: string): string {
  return plugins.find(({ name }) => name === ref)?.type ?? ref;
}

function readPlugins(value: unknown): DeclaredPlugin[] | Misread {
  if (!Array.isArray(value)) return { problem: 'has plugins that are not a list', at: /plugins:/ };
  const plugins: DeclaredPlugin[] = [];
  for (const [index, entry] of value.entries()) {
    const { type, name }: Record<string, unknown> = isMap(entry) ? entry : {};
    if (typeof type !== 'string' || type === '') {
      return { problem: `has an entry without a type (plugins[${index}])`, at: /plugins:/ };
    }
    plugins.push({ type, name: typeof name === 'string' && name !== '' ? name : type });
  }
  return plugins;
}

function readProfiles(value: unknown): Profile[] | Misread {
  const at = /schedulingProfiles:/;
  if (!Array.isArray(value)) return { problem: 'has schedulingProfiles that are not a list', at };
  const profiles: Profile[] = [];
  for (const [index, entry] of value.entries()) {
    if (!isMap(entry)) return { problem: `has an empty entry (schedulingProfiles[${index}])`, at };
    const list = entry.plugins ?? [];
    const place = `schedulingProfiles[${index}].plugins`;
    if (!Array.isArray(list)) return { problem: `has a profile whose plugins are not a list (${place})`, at };
    const refs = list.map((each) => (isMap(each) ? each : {}));
    const empty = refs.findIndex(({ pluginRef }) => typeof pluginRef !== 'string' || pluginRef === '');
    if (empty >= 0) return { problem: `has an entry without a pluginRef (${place}[${empty}])`, at };
    const plugins = refs.map(({ pluginRef, weight }) => ({ ref: String(pluginRef), weight: Number(weight ?? 1) }));
    profiles.push({ name: String(entry.name ?? ''), plugins });
  }
  return profiles;
}

/**
 * The profile that chooses the replica which answers, of handlers with several: that of decode, unless a parameter names
 * another (llm-d-inference-scheduler pkg/plugins/profile: `decodeProfile`, `primaryProfile`). Null for any other handler.
 */
function destination(plugins: unknown): string | null {
  for (const entry of Array.isArray(plugins) ? plugins : []) {
    const { type, parameters }: Record<string, unknown> = isMap(entry) ? entry : {};
    if (typeof type !== 'string' || !/^(?:pd|disagg|data-parallel)-profile-handler$/.test(type)) continue;
    const { decodeProfile, primaryProfile }: Record<string, unknown> = isMap(parameters) ? parameters : {};
    return String(decodeProfile ?? primaryProfile ?? (type.startsWith('data') ? 'default' : 'decode'));
  }
  return null;
}
