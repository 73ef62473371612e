import { SHARED_KEYS } from './shared-keys.ts';

/**
 * What a child process of the lab or of a test inherits: where programs are, where Node keeps compiled code, and where
 * tests keep keys. All else (proxies, Node's options, credentials) would change how it behaves.
 */
export function childEnv(): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE, [SHARED_KEYS]: keys } = process.env;
  return { PATH, NODE_COMPILE_CACHE, ...(keys === undefined ? {} : { [SHARED_KEYS]: keys }) };
}
