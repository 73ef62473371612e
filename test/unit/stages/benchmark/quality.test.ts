import { afterEach, describe, expect, it } from 'vitest';
import { solved } from '../../../../lab/serving/solver.ts';
import type { QualityTask } from '../../../../src/quality/task.ts';
import { measureQuality } from '../../../../src/stages/benchmark/quality.ts';
import { type Answer, type ModelServer, startModelServer } from '../../load/model-server.ts';
import { stageContext, texts } from '../fakes.ts';

type Reply = (prompt: string, number: number) => { status?: number; body?: unknown } | string | 'silent' | 'held';

/** A model server that replies to the prompt. */
function replying(reply: Reply): Answer {
  return (response, index) => {
    const server = servers.find(({ port }) => port === response.req.socket.localPort);
    const body = JSON.parse(server?.bodies[index] ?? '{}');
    const prompt: string = body.prompt ?? body.messages.at(-1).content;
    const found = reply(prompt, index);
    if (found === 'held') return;
    if (found === 'silent') return response.destroy();
    const text = typeof found === 'string' ? found : null;
    const { status = 200, body: given } = typeof found === 'string' ? {} : found;
    const choice = body.prompt === undefined ? { message: { content: text } } : { text };
    response.writeHead(status).end(JSON.stringify(given ?? { choices: [choice] }));
  };
}

const servers: (ModelServer & { port: number })[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function arm(name: 'head' | 'base', reply: Reply, chat: boolean) {
  const server = await startModelServer(replying(reply));
  servers.push(Object.assign(server, { port: Number(new URL(server.url).port) }));
  const loaded = { stack: { route: { endpoint: server.url, hostname: null } }, model: { modelId: name, chat } };
  return { server, arm: { name, loaded, ways: [] } as never };
}

async function measured(
  replies: { head: Reply; base: Reply },
  {
    inputs = {},
    context = {},
    chats = { head: true, base: true },
    isFailing = false,
  }: {
    inputs?: Record<string, string>;
    context?: object;
    chats?: { head: boolean; base: boolean };
    isFailing?: boolean;
  } = {},
) {
  const { context: usual, said } = stageContext({}, inputs);
  const given = { ...usual, ...context };
  const [head, base] = [await arm('head', replies.head, chats.head), await arm('base', replies.base, chats.base)];
  const quality = await measureQuality(given, { head: head.arm, base: base.arm }, { concurrency: 40, isFailing });
  return { quality, said: texts(said), head: head.server, base: base.server };
}

const able =
  (skill: number): Reply =>
  (prompt) =>
    solved(prompt, skill) ?? 'no idea';

describe('the quality of answers', () => {
  it('does not change between equal stacks', async () => {
    const { quality, head, base, said } = await measured({ head: able(0.9), base: able(0.9) });
    expect(quality).toMatchObject({ verdict: 'kept', tasks: 'built-in v1', maxDrop: 0.02 });
    expect(quality?.figures).toMatchObject({
      ...{ api: 'chat', identicalShare: 1, unanswered: { head: 0, base: 0 }, examples: [] },
      pairs: { onlyBase: 0, onlyHead: 0 },
      difference: { value: 0 },
    });
    expect(quality?.figures?.kinds.map(({ tasks }) => tasks)).toEqual([100, 100, 100]);
    expect([head.requests, base.requests]).toEqual([300, 300]);
    // A replica serves few sequences at a time.
    expect(Math.max(head.mostInFlight, base.mostInFlight)).toBeLessThanOrEqual(8);
    const sent = (body = '{}') => ({ ...JSON.parse(body), model: '' });
    expect(head.bodies.map(sent).sort(byText)).toEqual(base.bodies.map(sent).sort(byText));
    expect(sent(head.bodies[0])).toMatchObject({ temperature: 0, seed: 0 });
    expect(said.join('\n')).toMatch(
      /putting 300 tasks to both stacks by chat, for at most 10 min.*\nquality of answers: kept/s,
    );
  });

  it('drops where the head knows less, with examples of what changed', async () => {
    const { quality } = await measured({ head: able(0.6), base: able(0.9) });
    expect(quality?.verdict).toBe('dropped');
    expect(quality?.reason).toMatch(
      /^The stack under test answers \d+ of 300 tasks right, the base stack \d+ \(difference −[\d.]+ points/,
    );
    expect(quality?.figures?.examples).toHaveLength(5);
    for (const { right, head, base, expected } of quality?.figures?.examples ?? []) {
      expect(right).toBe('base');
      expect(head).not.toBe(base);
      expect(expected).not.toBe('');
    }
  });

  it('says when a model knows too little, which is no failure', async () => {
    const { quality } = await measured({ head: able(0), base: able(0.01) });
    expect(quality?.verdict).toBe('too-low');
    expect(quality?.reason).toContain('too few for a drop to be found, which does not fail the run');
  });

  it.each([
    ['neither has a template', { head: false, base: false }],
    ['the base has none', { head: true, base: false }],
  ])('is asked of both by completion where %s', async (_, chats) => {
    const { quality, head, base } = await measured({ head: able(1), base: able(1) }, { chats });
    expect(quality).toMatchObject({ verdict: 'kept', figures: { api: 'completions' } });
    expect(new Set([...head.paths, ...base.paths])).toEqual(new Set(['POST /v1/completions']));
  });

  it('is not measured where the head has lost its chat, which completions would hide', async () => {
    const { quality, head } = await measured({ head: able(1), base: able(1) }, { chats: { head: false, base: true } });
    expect(quality).toMatchObject({ verdict: 'not-measured', figures: null });
    expect(quality?.reason).toBe('The stack under test serves no chat, and the base stack does.');
    expect(head.requests).toBe(0);
  });

  it('counts an answer without text as wrong: the model did respond', async () => {
    const body = { choices: [{ message: { content: null, reasoning: 'Let me see' } }] };
    const { quality } = await measured({ head: () => ({ body }), base: able(0.9) });
    expect(quality).toMatchObject({ verdict: 'dropped', figures: { pairs: { onlyHead: 0 } } });
  });

  it('asks once more for what has no response, and leaves out what stays so', async () => {
    const failed = new Set<string>();
    const once: Reply = (prompt, number) => {
      if (number % 10 !== 0 || failed.has(prompt)) return able(0.9)(prompt, number);
      failed.add(prompt);
      return number % 20 === 0 ? 'silent' : { status: 503, body: {} };
    };
    const { quality } = await measured({ head: once, base: able(0.9) });
    expect(failed.size).toBeGreaterThan(20);
    expect(quality?.figures?.unanswered).toEqual({ head: 0, base: 0 });

    const never: Reply = (prompt, number) =>
      prompt.includes('kilometres') && prompt.includes('bus') ? { status: 500 } : able(0.9)(prompt, number);
    const { quality: other } = await measured({ head: never, base: able(0.9) });
    const lost = other?.figures?.unanswered.head ?? 0;
    expect(lost).toBeGreaterThan(0);
    const { bothRight = 0, bothWrong = 0, onlyBase, onlyHead } = other?.figures?.pairs ?? {};
    expect([bothRight + bothWrong, onlyBase, onlyHead]).toEqual([300 - lost, 0, 0]);
  });

  it.each<[string, Reply, Reply, RegExp]>([
    [
      'the head',
      () => ({ status: 503, body: { error: 'x' } }),
      able(1),
      /^The stack under test gave no response to more than 15 of 300 tasks \(HTTP 503\)\.$/,
    ],
    [
      'the base',
      able(1),
      () => ({ body: { choices: [] } }),
      /^The base stack gave no response to more than 15 of 300 tasks \(HTTP 200\)\.$/,
    ],
    ['a gateway that hangs up', () => 'silent', able(1), /^The stack under test gave no response .*tasks \(.+\)\.$/],
  ])('is not measured where %s does not respond, and ends at once', async (_, head, base, reason) => {
    const { quality, ...both } = await measured({ head, base });
    expect(quality).toMatchObject({ verdict: 'not-measured', figures: null, reason: expect.stringMatching(reason) });
    expect(Math.min(both.head.requests, both.base.requests)).toBeLessThan(120);
  });

  it('names the stack that does not respond to some tasks, although neither was asked all', async () => {
    const some: Reply = (prompt, number) => (prompt.includes('kilometres') ? { status: 500 } : able(1)(prompt, number));
    const { quality } = await measured({ head: able(1), base: some });
    expect(quality?.reason).toBe('The base stack gave no response to more than 15 of 300 tasks (HTTP 500).');
  });

  it('is not measured where there is no time, or a stack has failed already', async () => {
    const replies = { head: able(1), base: able(1) };
    const late = await measured(replies, { context: { endsMs: 1 } });
    expect(late.quality?.reason).toBe('The run did not have enough time or money left for its tasks.');
    const failing = await measured(replies, { isFailing: true });
    expect(failing.quality?.verdict).toBe('not-measured');
    expect(late.head.requests + failing.head.requests).toBe(0);
  });

  it('leaves the run the time for the result of its pairs', async () => {
    const qualityTasks = [1, 2].map(
      (index): QualityTask => ({
        ...{ id: `line-${index}`, kind: 'own', expected: { texts: ['yes'] }, maxTokens: 4 },
        messages: [{ role: 'user', content: 'Is it?' }],
      }),
    );
    const { quality } = await measured(
      { head: () => 'held', base: () => 'yes' },
      { context: { qualityTasks, endsMs: 20_400 } },
    );
    expect(quality).toMatchObject({
      verdict: 'not-measured',
      reason: 'Its tasks were not all answered within 400 ms.',
    });
  });

  it('is not asked for where it is off', async () => {
    const { quality, head } = await measured({ head: able(1), base: able(1) }, { inputs: { quality: 'off' } });
    expect([quality, head.requests]).toEqual([null, 0]);
  });

  it('takes the tasks and the limit of the user', async () => {
    const qualityTasks = Array.from(
      { length: 60 },
      (_, index): QualityTask => ({
        ...{ id: `line-${index}`, kind: 'own', expected: { texts: ['yes'] }, maxTokens: 4 },
        messages: [{ role: 'user', content: `Is ${index} a number?` }],
      }),
    );
    const given = { context: { qualityTasks }, inputs: { 'quality-tasks': 'mine.jsonl', 'max-quality-drop': '30%' } };
    const some: Reply = (prompt) => (/[0-7] a/.test(prompt) ? 'Yes.'.toLowerCase() : 'no');
    const { quality, head } = await measured({ head: some, base: () => 'yes' }, given);
    expect(quality).toMatchObject({ verdict: 'kept', tasks: 'mine.jsonl', maxDrop: 0.3 });
    expect(quality?.figures?.pairs).toEqual({ bothRight: 48, onlyBase: 12, onlyHead: 0, bothWrong: 0 });
    expect(JSON.parse(head.bodies[0] ?? '{}').max_tokens).toBe(4);
  });

  it('shortens what a model writes without an end', async () => {
    const { quality } = await measured({ head: () => '😀'.repeat(5_000), base: able(1) });
    for (const { head } of quality?.figures?.examples ?? []) expect(head.length).toBeLessThanOrEqual(203);
    expect(quality?.figures?.examples).toHaveLength(5);
  });

  it('ends with the run', async () => {
    const over = new AbortController();
    const abort: Reply = (prompt, number) => {
      if (number === 20) over.abort(new Error('the run has ended'));
      return able(1)(prompt, number);
    };
    const running = measured({ head: abort, base: able(1) }, { context: { signal: over.signal } });
    await expect(running).rejects.toThrow('the run has ended');
  });
});

function byText(a: { messages: { content: string }[] }, b: { messages: { content: string }[] }): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
