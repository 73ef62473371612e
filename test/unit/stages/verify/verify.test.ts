import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../../src/lib/failure.ts';
import type { Report } from '../../../../src/report/model.ts';
import type { ReadyStack } from '../../../../src/stages/ready/ready.ts';
import { verify } from '../../../../src/stages/verify/verify.ts';
import { aReport } from '../../report/fixtures.ts';
import { applied, prepared, stageContext, texts } from '../fakes.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const SERVICE = { ...applied('LLMInferenceService', 'qwen', null), spec: { model: { name: 'Qwen/Qwen2.5-3B' } } };

type Answering = (path: string, number: number) => string | { status: number; body?: string } | 'no answer';

/** A gateway; `answering` is called with the number of the request among those of its path, from 0. */
async function gateway(answering: Answering = healthy, hostname: string | null = null) {
  const hosts = new Set<string | undefined>();
  const asked: Record<string, number> = {};
  const listening = createServer(async (request, response) => {
    await text(request);
    hosts.add(request.headers.host);
    const path = request.url ?? '';
    const number = asked[path] ?? 0;
    asked[path] = number + 1;
    const answer = answering(path, number);
    if (answer === 'no answer') request.socket.destroy();
    else if (typeof answer === 'string') response.end(answer);
    else response.writeHead(answer.status).end(answer.body);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const stack = {
    replicas: [],
    pickers: [],
    route: { endpoint: origin, origin, hostname, gateway: { namespace: 'gateways', name: 'inference' }, pool: null },
    scheme: 'http',
    port: 8000,
  };
  return { stack: stack as unknown as ReadyStack, hosts, asked };
}

const COMPLETIONS = '/v1/completions';
const CHAT = '/v1/chat/completions';

function healthy(path: string): string {
  if (path === '/v1/models') return '{"data":[{"id":"qwen-served"}]}';
  if (path === '/health') return '';
  return answered({ text: 'Paris', message: { content: 'Hello' } });
}

function answered(choice: unknown, tokens: number | null = 8): string {
  const usage = { prompt_tokens: 736, ...(tokens === null ? {} : { completion_tokens: tokens }) };
  return JSON.stringify({ choices: [choice], usage });
}

const REFUSED = { status: 503, body: 'no healthy upstream' };
/** Refuses the first requests, counted over all paths. */
function refusing(refusals: number): Answering {
  let left = refusals;
  return (path) => {
    left -= 1;
    return left >= 0 ? REFUSED : healthy(path);
  };
}

const ready = prepared({ manifests: [{ object: SERVICE, file: 'service.yaml', line: 1 }] });
const outcomes = (report: Report) => Object.fromEntries(report.checks.map(({ id, outcome }) => [id, outcome]));

describe('the gateway', () => {
  it('has time to learn of the pods before it is judged', async () => {
    const { stack } = await gateway(refusing(7));
    const { context, said, report } = stageContext({}, {}, aReport({ checks: [] }));
    expect(await verify(context, ready, stack)).toMatchObject({ modelId: 'qwen-served' });
    expect(texts(said)[0]).toBe('HTTP 503: no healthy upstream');
    expect(outcomes(report())).toMatchObject({
      health: 'pass',
      models: 'pass',
      completion: 'pass',
      chat: 'pass',
    });
  });

  it('is judged as it is when that time is over', async () => {
    const { stack } = await gateway(() => REFUSED);
    const { context, said, report } = stageContext({}, {}, aReport({ checks: [] }));
    await expect(verify(context, ready, stack)).rejects.toMatchObject({ code: 'no-model', blame: 'change' });
    expect(context.clock.now()).toBeGreaterThanOrEqual(60_000);
    expect(texts(said)).toContainEqual(
      expect.stringMatching(
        /^Waited .* for an answer through the gateway; last seen: HTTP 503: no healthy upstream\.$/,
      ),
    );
    expect(outcomes(report())).toEqual({ health: 'fail', models: 'fail' });
  });

  it('is not waited for once a node is lost', async () => {
    const { stack } = await gateway(() => REFUSED);
    const { context } = stageContext({}, {}, aReport({ checks: [] }));
    const lost = new Failure({ stage: 'verify', code: 'node-lost', message: 'A leased node went away.' });
    const refuseLostNodes = () => (context.clock.now() < 5_000 ? Promise.resolve() : Promise.reject(lost));
    await expect(verify({ ...context, refuseLostNodes }, ready, stack)).rejects.toBe(lost);
    expect(context.clock.now()).toBeLessThan(10_000);
  });

  it('is called by the host of its route', async () => {
    const { stack, hosts } = await gateway(healthy, 'llm.example.com');
    await verify(stageContext({}).context, ready, stack);
    expect([...hosts]).toEqual(['llm.example.com']);
  });
});

describe('evidence', () => {
  it('that no counter gives is missing, and never a tick', async () => {
    const { stack } = await gateway();
    const { context, said, report } = stageContext({}, {}, aReport({ checks: [] }));
    await verify(context, ready, stack);
    expect(outcomes(report())).toMatchObject({
      replicas: 'fail',
      'picker-engaged': 'not-observable',
      'prefix-affinity': 'not-observable',
      'unique-spread': 'not-observable',
      'cache-hits': 'not-observable',
    });
    expect(texts(said)).toContain('the server calls its model qwen-served, the manifest Qwen/Qwen2.5-3B');
  });
});

/** Runs verify against such a gateway; checks by id, and the requests by path. */
async function verified(answering: Answering) {
  const { stack, asked } = await gateway(answering);
  const { context, report } = stageContext({}, {}, aReport({ checks: [] }));
  const model = await verify(context, ready, stack);
  const checks = Object.fromEntries(report().checks.map((check) => [check.id, check]));
  return { checks, asked, chat: model.chat, ids: report().checks.map(({ id }) => id) };
}

describe('a service that stops answering', () => {
  it.each<[string, Answering, number, RegExp]>([
    [
      'fails each completion',
      (path) => (path.includes('completions') ? { status: 500 } : healthy(path)),
      6,
      /HTTP 500/,
    ],
    ['answers no completion', (path) => (path.includes('completions') ? 'no answer' : healthy(path)), 3, /no answer/],
    [
      'fails after its first answers',
      (path, number) => (path === COMPLETIONS && number >= 10 ? { status: 500 } : healthy(path)),
      17,
      /6 requests in a row failed \(HTTP 500\)/,
    ],
    [
      'falls silent after its first answers',
      (path, number) => (path === COMPLETIONS && number >= 20 ? 'no answer' : healthy(path)),
      24,
      /3 requests in a row got no answer/,
    ],
    [
      'falls silent among the unique prompts',
      (path, number) => (path === COMPLETIONS && number >= 80 ? 'no answer' : healthy(path)),
      90,
      /requests in a row got no answer/,
    ],
  ])('that %s is asked a few times more, and fails', async (_, answering, most, seen) => {
    const { checks, asked, ids } = await verified(answering);
    expect((asked[COMPLETIONS] ?? 0) + (asked[CHAT] ?? 0)).toBeLessThanOrEqual(most);
    expect(checks.completion).toMatchObject({ outcome: 'fail', seen: expect.stringMatching(seen) });
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ['unique-spread', 'prefix-affinity', 'cache-hits']) {
      expect(checks[id]).toMatchObject({ outcome: 'not-observable' });
    }
    expect(checks['unique-spread']?.seen).toMatch(/^\d+ of 90 requests were sent: \d requests in a row/);
  });

  it('that loses single requests is asked about all', async () => {
    const { asked, checks } = await verified((path, number) => {
      if (path === COMPLETIONS && number > 0 && number % 5 === 0) return { status: 500 };
      return healthy(path);
    });
    expect(asked[COMPLETIONS]).toBe(1 + 72 + 90);
    expect(checks.completion).toMatchObject({
      ...{ outcome: 'fail', seen: expect.stringMatching(/^3\d of 162 requests failed; 0% may$/) },
    });
  });

  it('that loses one request of all has not lost more than a closed connection may', async () => {
    const { checks } = await verified((path, number) =>
      path === COMPLETIONS && number === 50 ? { status: 503 } : healthy(path),
    );
    expect(checks.completion).toMatchObject({ outcome: 'pass' });
  });

  it('that has an error beside its choices has not answered', async () => {
    const { checks } = await verified((path, number) => {
      if (path !== COMPLETIONS || number % 5 !== 1) return healthy(path);
      return JSON.stringify({ ...JSON.parse(healthy(path)), error: { message: 'engine died' } });
    });
    expect(checks.completion).toMatchObject({
      outcome: 'fail',
      seen: expect.stringMatching(/ of 162 requests failed/),
    });
  });
});

describe('the length of the prompts in tokens', () => {
  it('is the mean over the answers, not that of one of them', async () => {
    const { stack } = await gateway((path, number) => {
      if (path !== COMPLETIONS) return healthy(path);
      // The last prompt with a shared prefix is the 73rd completion.
      return JSON.stringify({ choices: [{ text: 'Paris' }], usage: { prompt_tokens: number === 72 ? 1460 : 740 } });
    });
    const { context, report } = stageContext({}, {}, aReport({ checks: [] }));
    await verify(context, ready, stack);
    const { prefixTokens, prefixChars } = report().routing!;
    expect(prefixChars).toBe(704 * 4);
    // 750 tokens on average, of which the suffix of 32 × 4 characters and a space is about 4 %.
    expect(prefixTokens).toBe(Math.floor((750 * 704 * 4) / (704 * 4 + 1 + 32 * 4)));
  });
});

describe('the chat check', () => {
  const chat = (answer: ReturnType<Answering>): Answering => {
    return (path) => (path === CHAT ? answer : healthy(path));
  };
  it.each<[string, ReturnType<Answering>, string, string]>([
    ['content', answered({ message: { content: 'Hello' } }), 'pass', 'HTTP 200, 5 characters'],
    [
      'reasoning without content',
      answered({ message: { content: null, reasoning: 'The user' } }),
      'pass',
      'HTTP 200, reasoning of 8 characters',
    ],
    [
      'reasoning of an older server',
      answered({ message: { content: null, reasoning_content: 'The user' } }),
      'pass',
      'HTTP 200, reasoning of 8 characters',
    ],
    [
      'a tool call',
      answered({ message: { content: null, tool_calls: [{ id: 'call-1' }] } }),
      'pass',
      'HTTP 200, 1 tool call',
    ],
    ['special tokens alone', answered({ message: { content: '' } }), 'warning', 'HTTP 200, 8 tokens without text'],
    [
      'text without tokens',
      answered({ message: { content: 'Hi' } }, 0),
      'fail',
      'HTTP 200, 2 characters, yet 0 tokens',
    ],
    ['nothing', answered({ message: { content: '' } }, 0), 'fail', 'HTTP 200'],
    ['no message', answered({}, null), 'fail', 'HTTP 200'],
    [
      'an error beside a message',
      JSON.stringify({ ...JSON.parse(answered({ message: { content: 'Hello' } })), error: { message: 'engine died' } }),
      'fail',
      'HTTP 200 with an error: {"message":"engine died"}',
    ],
    [
      'the refusal of a model without a chat template',
      {
        status: 400,
        body: '{"error":{"message":"As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the tokenizer does not define one.","type":"BadRequestError","code":400}}',
      },
      'warning',
      'HTTP 400: the model has no chat template, so it cannot serve chat',
    ],
    ['another refusal', { status: 400, body: 'no' }, 'fail', 'HTTP 400: no'],
    ['an error that names the template', { status: 500, body: 'chat template' }, 'fail', 'HTTP 500: chat template'],
  ])('names what came: %s', async (_, answer, outcome, seen) => {
    const found = await verified(chat(answer));
    expect(found.checks.chat).toMatchObject({ outcome, seen });
    // Later tasks are put as a chat where it works.
    expect(found.chat).toBe(outcome !== 'fail' && !seen.startsWith('HTTP 400'));
  });
});
