import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { fences, pages } from '../checks/fences.ts';
import { root } from '../checks/root.ts';

/** Every block of the pages that needs a cluster, by its page. */
const BLOCKS = (await pages()).flatMap(([name, text]) =>
  fences(text, 'sh')
    .filter((block) => block.startsWith('# needs a cluster\n'))
    .map((block): [string, string] => [name, block]),
);

/** What a reader fills in. */
const OWN = Object.entries({
  ...{ 'my-project': LAB.project, 'my-cluster': LAB.cluster, 'europe-west4-a': LAB.location },
  ...{
    IDENTITY: LAB.serviceAccountEmail,
    'GATEWAY-NAMESPACE': LAB.gateway.namespace,
    'NAMESPACE|': `${LAB.namespace}|`,
  },
});

const home = mkdtempSync(join(tmpdir(), 'blocks-'));

/** Waits are short. A measurement has tests of its own: what would measure is only looked at here. */
function shortened(block: string): string {
  return block.replace(/^(npm run gate -- .*)$/gm, (line) =>
    [
      line,
      '--poll-interval 250ms',
      `--output-dir ${home}/results`,
      line.includes('--mode') ? '' : '--mode preflight',
    ].join(' '),
  );
}

let lab: ChildProcess;
let environment: Record<string, string>;

beforeAll(async () => {
  lab = spawn(process.execPath, [join(root, 'src/cli.ts'), 'lab', '--time-scale', '100', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((ready, failed) => {
    let text = '';
    lab.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) ready(text);
    });
    lab.once('exit', () => failed(new Error(text)));
  });
  ({ environment } = JSON.parse(line) as { environment: Record<string, string> });
  await bash(`kubectl create namespace ${LAB.namespace} || true`);
}, 60_000);
afterAll(() => {
  lab?.kill('SIGTERM');
  rmSync(home, { recursive: true, force: true });
});

function bash(script: string): Promise<{ code: number | null; log: string }> {
  const env = { ...environment, PATH: process.env.PATH ?? '', HOME: home };
  const child = spawn('bash', ['-c', `set -euo pipefail\n${script}`], { cwd: root, env });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  return new Promise((done) => child.once('close', (code) => done({ code, log })));
}

describe('a block of the pages that needs a cluster', () => {
  it('is there', () => {
    expect(BLOCKS.length).toBeGreaterThan(8);
  });

  it.each(BLOCKS)('of %s does what it should in the lab: %s', { timeout: 300_000 }, async (_, block) => {
    const script = OWN.reduce((text, [example, name]) => text.replaceAll(example, name), shortened(block));
    const { code, log } = await bash(script);
    expect(code, log).toBe(0);
  });
});
