import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isTerminal, liveLine } from '../../../src/clients/runner/terminal.ts';
import { actionsRenderer, neutral } from '../../../src/progress/actions.ts';
import type { ProgressEvent } from '../../../src/progress/events.ts';
import { jsonRenderer } from '../../../src/progress/json.ts';
import { plainRenderer } from '../../../src/progress/plain.ts';
import { terminalRenderer } from '../../../src/progress/terminal.ts';
import { STAGES } from '../../../src/report/wording.ts';
import { play, RECORDED } from './recorded.ts';

function plain(events: readonly (readonly [number, ProgressEvent])[]): string[] {
  return play(plainRenderer, events, []);
}

/** As the runner would receive it, with groups as its commands. */
function actions(events: readonly (readonly [number, ProgressEvent])[]): string[] {
  const lines: string[] = [];
  const renderer = (options: Parameters<typeof plainRenderer>[0]) =>
    actionsRenderer({
      ...options,
      startGroup: (title) => lines.push(`::group::${title}`),
      endGroup: () => lines.push('::endgroup::'),
    });
  return play(renderer, events, lines);
}

describe('the plain log', () => {
  it('tells a run', () => {
    expect(plain(RECORDED).join('\n')).toMatchInlineSnapshot(`
      "▶ 1/7 Preflight
        [00:01] authenticated by direct workload identity federation
      ✔ 1/7 preflight   0:02   9 objects accepted
      ▶ 2/7 Lease node pool v6e 0 → 3   usual 10:00, limit 40:00
      ▶ 3/7 Deploy qwen
        [00:03] applied LLMInferenceService qwen in ns
        [00:04] waiting for 3 Ready nodes: 0 of 3 nodes Ready; 2 s so far, usual 10 min, limit 40 min
      ✔ 3/7 deploy   0:02   9 objects applied
        [00:20] waiting for 3 Ready nodes: 1 of 3 nodes Ready; 18 s so far, usual 10 min, limit 40 min
        [00:50] waiting for 3 Ready nodes: 1 of 3 nodes Ready; 48 s so far, usual 10 min, limit 40 min
        [05:30] waiting for 3 Ready nodes: 1 of 3 nodes Ready; 5 min so far, usual 10 min, limit 40 min
        [06:31] waiting for 3 Ready nodes: 1 of 3 nodes Ready; 6 min so far, usual 10 min, limit 40 min
        [06:40] warning: Cluster: 503; try 2 of 6
      ✘ 2/7 lease   1:02:01   No TPU capacity.
        [1:02:03] pair 1 of 6–15: 2.71×

      verdict    error

      why        No TPU capacity."
    `);
  });

  it('says a wait again when it changes, each 30 s, and each minute after five', () => {
    const said = plain(RECORDED).filter((line) => line.includes('waiting for'));
    expect(said.map((line) => line.trim().slice(0, 7))).toEqual([
      '[00:04]',
      '[00:20]',
      '[00:50]',
      '[05:30]',
      '[06:31]',
    ]);
  });
});

describe('the terminal', () => {
  /** What is printed, and what the live line says after each event, where that has changed. */
  function terminal(events: readonly (readonly [number, ProgressEvent])[]): string[] {
    const lines: string[] = [];
    let live: (() => string) | null = null;
    let last = '';
    let time = 0;
    const emit = terminalRenderer({
      now: () => time,
      live: {
        show: (text) => {
          live = text;
        },
        print: (line) => lines.push(line),
      },
    });
    for (const [seconds, event] of events) {
      time = seconds * 1_000;
      emit(event);
      const now = (live as (() => string) | null)?.() ?? '';
      if (now !== last) lines.push(`~ ${now}`);
      last = now;
    }
    return lines;
  }

  it('tells the same run in a live line and what scrolls above it', () => {
    expect(terminal(RECORDED).join('\n')).toMatchInlineSnapshot(`
      "~ 1/7 Preflight, 0:00
        [00:01] authenticated by direct workload identity federation
      ~ 1/7 Preflight, 0:01
      ✔ 1/7 preflight   0:02   9 objects accepted
      ~ 
      ~ 2/7 Lease node pool v6e 0 → 3, 0:00 of usual 10:00
      ~ 2/7 Lease node pool v6e 0 → 3, 0:00 of usual 10:00 | 3/7 Deploy qwen, 0:00
        [00:03] applied LLMInferenceService qwen in ns
      ~ 2/7 Lease node pool v6e 0 → 3, 0:01 of usual 10:00 | 3/7 Deploy qwen, 0:01
      ~ 2/7 Lease node pool v6e 0 → 3, 0:02 of usual 10:00: 0 of 3 nodes Ready | 3/7 Deploy qwen, 0:02
      ✔ 3/7 deploy   0:02   9 objects applied
      ~ 2/7 Lease node pool v6e 0 → 3, 0:02 of usual 10:00: 0 of 3 nodes Ready
      ~ 2/7 Lease node pool v6e 0 → 3, 0:07 of usual 10:00: 0 of 3 nodes Ready
      ~ 2/7 Lease node pool v6e 0 → 3, 0:12 of usual 10:00: 0 of 3 nodes Ready
      ~ 2/7 Lease node pool v6e 0 → 3, 0:18 of usual 10:00: 1 of 3 nodes Ready
      ~ 2/7 Lease node pool v6e 0 → 3, 0:47 of usual 10:00: 1 of 3 nodes Ready
      ~ 2/7 Lease node pool v6e 0 → 3, 0:48 of usual 10:00: 1 of 3 nodes Ready
      ~ 2/7 Lease node pool v6e 0 → 3, 5:28 of usual 10:00: 1 of 3 nodes Ready
      ~ 2/7 Lease node pool v6e 0 → 3, 6:03 of usual 10:00: 1 of 3 nodes Ready
      ~ 2/7 Lease node pool v6e 0 → 3, 6:29 of usual 10:00: 1 of 3 nodes Ready
        [06:40] warning: Cluster: 503; try 2 of 6
      ~ 2/7 Lease node pool v6e 0 → 3, 6:38 of usual 10:00: 1 of 3 nodes Ready
      ✘ 2/7 lease   1:02:01   No TPU capacity.
      ~ 
        [1:02:03] pair 1 of 6–15: 2.71×

      verdict    error

      why        No TPU capacity."
    `);
  });

  it('stays one line whatever a pod says', () => {
    for (const text of HOSTILE) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of the test
      expect(terminal(hostileEvents(text)).join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }
  });

  it.each([
    [{ isTTY: true, columns: 80 }, {}, true],
    [{ isTTY: true, columns: 80 }, { CI: 'true' }, false],
    [{ isTTY: true, columns: 80 }, { TERM: 'dumb' }, false],
    [{ isTTY: true, columns: 0 }, {}, false],
    [{ isTTY: false, columns: 80 }, {}, false],
    [{}, {}, false],
  ])('is there when stdout is one (%j) and the environment %j does not say otherwise', (stream, env, expected) => {
    expect(isTerminal(stream, env)).toBe(expected);
  });

  it('is drawn by ora, and left clean', async () => {
    const written: string[] = [];
    const stream = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 40,
      cursorTo: () => true,
      clearLine: () => true,
      moveCursor: () => true,
    });
    stream.on('data', (chunk: Buffer) => written.push(chunk.toString()));
    const live = await liveLine(stream as unknown as NodeJS.WriteStream, {});
    live.show(() => `2/7 ${'x'.repeat(100)}`);
    live.print('a fact');
    live.show(null);
    const text = stripVTControlCharacters(written.join(''));
    expect(text).toContain('a fact\n');
    expect(text).toContain('…');
    // The cursor is shown again.
    expect(written.at(-1)).toContain('\u001b[?25h');
  });
});

describe('as JSON Lines', () => {
  it('tells the same run', () => {
    const lines = play(jsonRenderer, RECORDED, []);
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      RECORDED.map(([seconds, event]) => ({ sinceStartMs: seconds * 1_000, ...event })),
    );
    expect(lines.slice(0, 3).join('\n')).toMatchInlineSnapshot(`
      "{"sinceStartMs":0,"type":"stage-start","stage":"preflight","title":"Preflight","usualMs":null,"limitMs":null}
      {"sinceStartMs":1000,"type":"fact","stage":"preflight","text":"authenticated by direct workload identity federation"}
      {"sinceStartMs":2000,"type":"stage-end","stage":"preflight","outcome":"done","summary":"9 objects accepted","durationMs":2000}"
    `);
  });
});

describe('two waits side by side', () => {
  it('do not make each other repeat', () => {
    const wait = (stage: 'lease' | 'deploy', seen: string): [number, ProgressEvent] => [
      1,
      { type: 'waiting', stage, what: 'it', seen, elapsedMs: 0, limitMs: 60_000 },
    ];
    const events = [wait('lease', '0 nodes'), wait('deploy', '3 pods left')];
    expect(plain([...events, ...events, ...events])).toHaveLength(2);
  });
});

describe('the Actions log', () => {
  it('tells the same run in groups', () => {
    expect(actions(RECORDED).join('\n')).toMatchInlineSnapshot(`
      "▶ 1/7 Preflight
      ::group::preflight: details
        [00:01] authenticated by direct workload identity federation
      ::endgroup::
      ✔ 1/7 preflight   0:02   9 objects accepted
      ▶ 2/7 Lease node pool v6e 0 → 3   usual 10:00, limit 40:00
      ▶ 3/7 Deploy qwen
      ::group::deploy: details
        [00:03] applied LLMInferenceService qwen in ns
        [00:04] waiting for 3 Ready nodes: 0 of 3 nodes Ready; 2 s so far, usual 10 min, limit 40 min
      ::endgroup::
      ✔ 3/7 deploy   0:02   9 objects applied
      ::group::lease: details
        [00:20] waiting for 3 Ready nodes: 1 of 3 nodes Ready; 18 s so far, usual 10 min, limit 40 min
        [00:50] waiting for 3 Ready nodes: 1 of 3 nodes Ready; 48 s so far, usual 10 min, limit 40 min
        [05:30] waiting for 3 Ready nodes: 1 of 3 nodes Ready; 5 min so far, usual 10 min, limit 40 min
        [06:31] waiting for 3 Ready nodes: 1 of 3 nodes Ready; 6 min so far, usual 10 min, limit 40 min
        [06:40] warning: Cluster: 503; try 2 of 6
      ::endgroup::
      ✘ 2/7 lease   1:02:01   No TPU capacity.
      ::group::benchmark: details
        [1:02:03] pair 1 of 6–15: 2.71×
      ::endgroup::

      verdict    error

      why        No TPU capacity."
    `);
  });

  it('never opens a group inside a group, and ends each', () => {
    let open = 0;
    for (const line of actions(RECORDED)) {
      if (line.startsWith('::group::')) open += 1;
      if (line === '::endgroup::') open -= 1;
      expect([0, 1]).toContain(open);
    }
    expect(open).toBe(0);
  });
});

const HOSTILE = [
  '::error::forged',
  '  ::set-output name=verdict::pass',
  '\n::stop-commands::token',
  'exit 1\r::add-mask::a',
  'exit 1\u2028::add-mask::a',
  'exit 1\u0085::add-mask::a',
  '\u200b::warning::w',
  '\ufeff::warning::w',
  'fine until ##[error]here',
  '##[add-mask]a',
  '\u001b[2K::error::x',
  '##\u001b[0m[error]x',
  '##\u200b[error]x',
];

function hostileEvents(text: string): [number, ProgressEvent][] {
  return [
    [0, { type: 'stage-start', stage: 'ready', title: text, usualMs: null, limitMs: 1_000 }],
    [0, { type: 'fact', stage: 'ready', text }],
    [0, { type: 'waiting', stage: 'ready', what: text, seen: text, elapsedMs: 1, limitMs: 2 }],
    [0, { type: 'round', stage: 'benchmark', text }],
    [0, { type: 'warning', text }],
    [0, { type: 'stage-end', stage: 'ready', outcome: 'failed', summary: text, durationMs: 1 }],
    [0, { type: 'closing', verdict: 'error', lines: [text] }],
  ];
}

/** What the runner would take for a command, by its own rules (actions/runner, ActionCommand.cs). */
function commandsIn(lines: string[]): string[] {
  return lines
    .flatMap((line) => line.split(/\r\n|\r|\n/))
    .filter((line) => /^[\s\u0085]*::.*::/.test(line) || /##\[.*\]/.test(line));
}

describe('text from a pod', () => {
  it.each(HOSTILE)('becomes no workflow command: %j', (text) => {
    const ours = ['::group::ready: details', '::endgroup::'];
    expect(commandsIn(actions(hostileEvents(text))).filter((line) => !ours.includes(line))).toEqual([]);
  });

  it.each(HOSTILE)('stays one line without control characters: %j', (text) => {
    const events = hostileEvents(text);
    const lines = plain(events);
    expect(lines).toHaveLength(events.length + 1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of the test
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  });

  it('is otherwise shown as it is', () => {
    const text = 'exit 2: error: unrecognized arguments: --max-len 10 <b>[x]</b> 100 % … 模型';
    expect(plain([[0, { type: 'fact', stage: 'ready', text }]])).toEqual([`  [00:00] ${text}`]);
    expect(neutral(`  [00:00] ${text}`)).toBe(`  [00:00] ${text}`);
  });
});

it('numbers every stage', () => {
  const lines = plain(
    STAGES.map((stage) => [0, { type: 'stage-start', stage, title: stage, usualMs: null, limitMs: null }]),
  );
  expect(lines.map((line) => line.slice(2, 5))).toEqual(['1/7', '2/7', '3/7', '4/7', '5/7', '6/7', '7/7']);
});
