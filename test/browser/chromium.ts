import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export const HOW_TO_GET_CHROMIUM =
  'They need Chromium or Chrome, on the PATH or named by CHROMIUM; scripts/chromium installs it where it may.';

/** Path of a Chromium on this machine, or null. */
export function chromiumPath(env: NodeJS.ProcessEnv = process.env): string | null {
  const folders = (env.PATH ?? '').split(delimiter);
  const candidates = [env.CHROMIUM ?? '', ...NAMES].flatMap((name) =>
    name === '' ? [] : isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name)),
  );
  return candidates.find(executable) ?? null;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
