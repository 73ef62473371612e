/**
 * What a child process of the lab or of a test inherits: where programs are, and where Node keeps compiled code. All
 * else (proxies, Node's options, credentials) would change how it behaves.
 */
export function childEnv(): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return { PATH, NODE_COMPILE_CACHE };
}
