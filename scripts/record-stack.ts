import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isInPrivateNetwork, missingParts } from '../lab/stack/assets.ts';
import { RECORDINGS } from '../lab/test/contract/stack/fixture.ts';
import { observeStack } from '../lab/test/contract/stack/observe.ts';
import { startWorld } from '../lab/test/contract/stack/world.ts';

/** Makes the recordings of Envoy, endpoint picker and KServe again: `npm run record:stack`, with STACK_ASSETS. */
const assets = process.env.STACK_ASSETS;
const missing = missingParts(assets ?? null);
if (assets === undefined || missing.length > 0 || !isInPrivateNetwork()) {
  console.error(`Nothing was recorded. Not here: ${missing.join(', ') || 'the private network'}.`);
  console.error('STACK_ASSETS="$(scripts/stack-assets)" npm run record:stack');
  process.exit(1);
}

const started = Date.now();
const say = (what: string) => console.error(`${((Date.now() - started) / 1_000).toFixed(1)} s: ${what}`);
const world = await startWorld({ assets, timeScale: 20 });
try {
  say('the stack is up');
  const files = Object.entries(await observeStack(world, assets, say));
  mkdirSync(RECORDINGS, { recursive: true });
  for (const [name, content] of files) {
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
    writeFileSync(join(RECORDINGS, name), text);
  }
  const root = resolve(import.meta.dirname, '..');
  const paths = files.map(([name]) => join(RECORDINGS, name)).filter((path) => path.endsWith('.json'));
  spawnSync('biome', ['format', '--write', ...paths], { cwd: root, stdio: 'inherit' });
} finally {
  await world.stop();
}
say('done');
process.exit(0);
