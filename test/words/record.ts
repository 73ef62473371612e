import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOWNLOADS, wordsOfDownload } from './downloads.ts';
import { PICKERS, wordsOfPicker } from './pickers.ts';

/**
 * Makes the texts of `test/fixtures/last-words` again, all or those that are named. It needs the endpoint picker of
 * `scripts/stack-assets`, and KServe's storage initializer:
 *
 *   python3 -m venv "$INITIALIZER/venv" && "$INITIALIZER/venv/bin/pip" install kserve-storage==0.20.0
 *   module="$(go mod download -json github.com/kserve/kserve@v0.20.0 | sed -n 's/.*"Dir": "\(.*\)",*$/\1/p')"
 *   cp "$module/python/storage-initializer/scripts/initializer-entrypoint" "$INITIALIZER"
 *   STACK_ASSETS="$(scripts/stack-assets)" npm run record:words -- hub-429 picker-bad-value
 */
const FOLDER = join(import.meta.dirname, '../fixtures/last-words');

const { STACK_ASSETS, INITIALIZER } = process.env;
if (!STACK_ASSETS || !INITIALIZER) {
  console.error('Nothing was recorded: set STACK_ASSETS and INITIALIZER, as test/words/record.ts describes.');
  process.exit(1);
}
mkdirSync(FOLDER, { recursive: true });

const scenes = new Map<string, () => Promise<string>>([
  ...DOWNLOADS.map((scene) => [scene.name, () => wordsOfDownload(INITIALIZER, scene)] as const),
  ...PICKERS.map((scene) => [scene.name, () => wordsOfPicker(join(STACK_ASSETS, 'epp/epp'), scene)] as const),
]);

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : scenes.keys()) {
  const text = await scenes.get(name)?.();
  if (text === undefined) throw new Error(`there is no scene ${name}`);
  writeFileSync(join(FOLDER, `${name}.txt`), text);
  console.log(`${name}: ${text.length} characters`);
}
