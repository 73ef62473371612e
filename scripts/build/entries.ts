/** What `action.yml`, `sweep/action.yml` and the `bin` of package.json start. */
export const ENTRIES = ['main', 'post', 'sweep', 'cli'] as const;

/** Node's oldest major that the bundled clients run on: older ones stop at import, with an unreadable message. */
const OLDEST_NODE = 24;

/** Text of one file of `dist/`: it picks an entrypoint of the bundle, so that the entrypoints share their chunks. */
export function entryFile(name: string): string {
  const call = `require('./bundle/index.js').run('${name}');\n`;
  if (name !== 'cli') return call;
  return `#!/usr/bin/env node
if (Number.parseInt(process.versions.node, 10) < ${OLDEST_NODE}) {
  console.error('tpu-serving-gate needs Node ${OLDEST_NODE} or newer; this is ' + process.version + '. Install it: nvm install ${OLDEST_NODE}');
  process.exit(2);
}
${call}`;
}
