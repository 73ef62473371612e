import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ANSWERED, type Exchange, REFUSED, type ServerKind, WITHOUT_TEXT } from './exchanges.ts';
import { LAST_WORDS, lastWordsOf, type Scene } from './last-words.ts';
import { exchange } from './recording.ts';
import { HOW_TO_GET_VLLM, startVllm, vllmAssets } from './server.ts';

/**
 * Makes the recordings of `test/fixtures/vllm` again, all or the named parts, and one scene alone by `last-words-NAME`:
 * `VLLM_ASSETS="$(scripts/vllm-assets)" npm run record:vllm -- chat last-words`.
 */
const FOLDER = join(import.meta.dirname, '../fixtures/vllm');

const assets = vllmAssets(process.env) as string;
if (!assets) {
  console.error(`Nothing was recorded. ${HOW_TO_GET_VLLM}`);
  process.exit(1);
}
mkdirSync(FOLDER, { recursive: true });

const PARTS: Record<string, () => Promise<void>> = {
  chat: () => responses('chat', async (url) => write('metrics.txt', await metrics(url))),
  base: () => responses('base'),
  reasoning: () => responses('reasoning'),
  'two-api-servers': () =>
    withServer('chat', ['--api-server-count=2'], async (url) => {
      const chat = ANSWERED.find(({ name }) => name === 'chat') as Exchange;
      for (let sent = 0; sent < 4; sent += 1) await exchange(url, chat);
      write('metrics-two-api-servers.txt', await metrics(url));
    }),
  'last-words': async () => {
    for (const scene of LAST_WORDS) await lastWords(scene);
  },
};
for (const scene of LAST_WORDS) PARTS[`last-words-${scene.name}`] = () => lastWords(scene);

const ALL = ['chat', 'base', 'reasoning', 'two-api-servers', 'last-words'];
const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : ALL) await PARTS[name]?.();

async function lastWords(scene: Scene): Promise<void> {
  write(`last-words-${scene.name}.txt`, await lastWordsOf(assets, scene));
}

function write(name: string, text: string): void {
  writeFileSync(join(FOLDER, name), text);
  console.log(`${name}: ${text.length} characters`);
}

async function withServer(kind: ServerKind, flags: string[], use: (url: string) => Promise<void>): Promise<void> {
  const started = Date.now();
  const vllm = await startVllm(assets, kind, flags);
  console.log(`${kind}: started in ${((Date.now() - started) / 1_000).toFixed(0)} s`);
  try {
    await use(vllm.url);
  } finally {
    await vllm.stop();
  }
}

function responses(kind: ServerKind, then: (url: string) => Promise<void> = async () => {}): Promise<void> {
  return withServer(kind, [], async (url) => {
    const found: Record<string, unknown> = {};
    for (const each of [...ANSWERED, ...WITHOUT_TEXT, ...REFUSED]) {
      if (each.server === kind) found[each.name] = await exchange(url, each);
    }
    // The model lies where KServe mounts it, as far as a reader of a recording is concerned.
    const text = JSON.stringify(found, null, 1).replaceAll(new RegExp(`${assets}/models/\\w+`, 'g'), '/mnt/models');
    write(`${kind}.json`, `${text}\n`);
    await then(url);
  });
}

/** Types and samples of vLLM's own, without buckets and moments of creation. */
async function metrics(url: string): Promise<string> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((line) => /^(?:# TYPE )?(?:vllm:|process_start_time)/.test(line) && !/_bucket\{|_created\b/.test(line));
  return `${lines.join('\n')}\n`;
}
