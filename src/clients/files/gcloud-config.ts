import { join } from 'node:path';
import { PROJECT_ENV } from '../../lib/place.ts';
import { readText } from './write.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The project that gcloud would use: of the environment, or of its active configuration. Null where neither names one. */
export async function gcloudProject(env: Env): Promise<string | null> {
  const named = PROJECT_ENV.map((name) => env[name]).find((value) => value);
  if (named) return named;
  const folder = env.CLOUDSDK_CONFIG || join(env.HOME ?? '', '.config', 'gcloud');
  const active =
    env.CLOUDSDK_ACTIVE_CONFIG_NAME || (await readText(join(folder, 'active_config')))?.trim() || 'default';
  if (!/^[a-z0-9-]+$/.test(active)) return null;
  const text = (await readText(join(folder, 'configurations', `config_${active}`))) ?? '';
  return projectIn(text);
}

/** `project` of the section `[core]` of an INI file. */
function projectIn(text: string): string | null {
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\s*\[(\w+)\]\s*$/.exec(line)?.[1] ?? section;
    const value = /^\s*project\s*=\s*(\S+)\s*$/.exec(line)?.[1];
    if (section === 'core' && value) return value;
  }
  return null;
}
