import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab, until, words } from './fixture.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

describe('replica', () => {
  it('answers the endpoints of a vLLM server', async () => {
    expect(await lab.get('/ns/m/health')).toMatchObject({ status: 200, text: '' });
    expect((await lab.get('/ns/m/version')).json()).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    const model = { id: 'qwen', object: 'model', owned_by: 'vllm', root: '/mnt/models', max_model_len: 2048 };
    expect((await lab.get('/ns/m/v1/models')).json().data).toEqual([expect.objectContaining(model)]);
    expect(await lab.get('/ns/m/nothing')).toMatchObject({ status: 404, text: '{"detail":"Not Found"}' });
    expect(await lab.get('/ns/m/v1/completions/x')).toMatchObject({ status: 404 });
  });

  it('completes with usage, and tells cached tokens once the prefix is known', async () => {
    const body = { model: 'qwen', prompt: words('cache me', 2560), max_tokens: 12, temperature: 0, ignore_eos: true };
    const first = (await lab.post('/ns/m/v1/completions', body, { 'x-request-id': 'abc' })).json();
    expect(first).toMatchObject({
      id: 'cmpl-abc',
      object: 'text_completion',
      model: 'qwen',
      choices: [{ index: 0, finish_reason: 'length', stop_reason: null, logprobs: null }],
      usage: {
        prompt_tokens: 640,
        completion_tokens: 12,
        total_tokens: 652,
        prompt_tokens_details: { cached_tokens: 0 },
      },
    });
    const second = (await lab.post('/ns/m/v1/completions', body)).json();
    expect(second.usage.prompt_tokens_details.cached_tokens).toBe(512);
    expect(second.choices[0].text).toBe(first.choices[0].text);
    expect(second.choices[0].text.trim().split(' ')).toHaveLength(12);
  });

  it('answers a chat and a list of prompts', async () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    const chat = (await lab.post('/ns/m/v1/chat/completions', { model: 'qwen', messages, max_tokens: 5 })).json();
    expect(chat).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: expect.any(String) }, finish_reason: 'length' }],
      usage: { completion_tokens: 5 },
    });
    const both = await lab.post('/ns/m/v1/completions', { model: 'qwen', prompt: ['one', 'two'], max_tokens: 3 });
    expect(both.json()).toMatchObject({ choices: [{ index: 0 }, { index: 1 }], usage: { completion_tokens: 6 } });
  });

  it('passes refusals through the gateway as they are', async () => {
    const body = { model: '/mnt/models', messages: [{ role: 'user', content: 'hi' }] };
    const answer = await lab.post('/ns/m/v1/chat/completions', body);
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({
      error: {
        message: 'The model `/mnt/models` does not exist. Valid aliases: qwen.',
        type: 'NotFoundError',
        param: 'model',
        code: 404,
      },
    });
    expect(await lab.post('/ns/m/v1/completions', '')).toMatchObject({ status: 400 });
  });

  it('counts in /metrics what went through it', async () => {
    const began = Date.now();
    await lab.startPod('fresh');
    const record = await lab.record();
    expect(record.replicas['ns/fresh']?.startedAt).toBeGreaterThanOrEqual(began);
    expect(record.replicas['ns/a']?.startedAt).toBeLessThanOrEqual(began);
    const url = `https://127.0.0.1:${record.replicas['ns/fresh']?.port}`;
    const answers = [];
    for (let i = 0; i < 3; i++) {
      answers.push(await lab.call(`${url}/v1/completions`, 'POST', { prompt: words('m', 2560), max_tokens: 16 }));
    }
    expect(answers.map((answer) => answer.json().usage.prompt_tokens_details)).toEqual([null, null, null]);
    const text = (await lab.call(`${url}/metrics`, 'GET')).text;
    expect(text).toContain('vllm:request_success_total{engine="0",finished_reason="length",model_name="qwen"} 3.0');
    expect(text).toContain('vllm:prefix_cache_queries_total{engine="0",model_name="qwen"} 1920.0');
    expect(text).toContain('vllm:prefix_cache_hits_total{engine="0",model_name="qwen"} 1024.0');
    expect(text).toContain('vllm:generation_tokens_total{engine="0",model_name="qwen"} 48.0');
    expect(text).toContain('vllm:num_requests_running{engine="0",model_name="qwen"} 0.0');
    expect((await lab.record()).replicas['ns/fresh']?.requests).toBe(3);
  });
});

describe('streaming', () => {
  const events = (text: string) =>
    text
      .trimEnd()
      .split('\n\n')
      .map((event) => event.replace(/^data: /, ''));

  it('sends a completion token by token with usage and the terminator', async () => {
    const options = { stream: true, stream_options: { include_usage: true }, max_tokens: 6, temperature: 0 };
    const answer = await lab.complete('Hello', options);
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const parts = events(answer.text);
    expect(parts.pop()).toBe('[DONE]');
    const usage = JSON.parse(parts.pop()!);
    expect(usage).toMatchObject({ choices: [], usage: { prompt_tokens: 2, completion_tokens: 6 } });
    const chunks = parts.map((part) => JSON.parse(part));
    expect(chunks.map(({ choices }) => choices[0].finish_reason)).toEqual([null, null, null, null, null, 'length']);
    const whole = (await lab.complete('Hello', { max_tokens: 6, temperature: 0 })).json();
    expect(chunks.map(({ choices }) => choices[0].text).join('')).toBe(whole.choices[0].text);
  });

  it('opens a chat with the role and leaves usage out unless asked', async () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    const answer = await lab.post('/ns/m/v1/chat/completions', {
      model: 'qwen',
      messages,
      max_tokens: 2,
      stream: true,
    });
    const parts = events(answer.text);
    expect(parts).toHaveLength(4);
    expect(JSON.parse(parts[0]!).choices[0].delta).toEqual({ role: 'assistant', content: '' });
    expect(answer.text).not.toContain('usage');
  });

  it('passes through the gateway unbuffered', async () => {
    const slow = await startLab({ timeScale: 2 });
    const body = JSON.stringify({ model: 'qwen', prompt: 'hi', max_tokens: 30, stream: true, ignore_eos: true });
    const dispatcher = new Agent();
    const url = `${slow.gatewayUrl}/ns/m/v1/completions`;
    const answer = await request(url, {
      dispatcher,
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    let pieces = 0;
    for await (const _ of answer.body) pieces++;
    expect(pieces).toBeGreaterThan(5);
    await dispatcher.destroy();
    await slow.close();
  });
});

describe('a client that leaves', () => {
  it.each([true, false])('frees the slots and the queue of its replica (stream: %s)', async (stream) => {
    const slow = await startLab({ timeScale: 0.01 });
    await slow.setPool(slow.pool({ endpoints: slow.endpoints(['a']) }));
    const gone = new AbortController();
    const pending = Array.from({ length: 6 }, async (_, i) => {
      const body = JSON.stringify({ model: 'qwen', prompt: `hi ${i}`, stream });
      const url = `${slow.gatewayUrl}/ns/m/v1/completions`;
      const headers = { 'content-type': 'application/json' };
      const answer = await request(url, { method: 'POST', body, headers, signal: gone.signal });
      await answer.body.text();
    });
    const settled = Promise.allSettled(pending);
    const gauge = async (name: string, value: number) =>
      (await slow.metrics('a')).includes(`vllm:${name}{engine="0",model_name="qwen"} ${value}.0`);
    await until(async () => (await gauge('num_requests_running', 4)) && (await gauge('num_requests_waiting', 2)));
    gone.abort();
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
    await until(async () => (await gauge('num_requests_running', 0)) && (await gauge('num_requests_waiting', 0)));
    expect(await slow.metrics('a')).toContain('finished_reason="abort",model_name="qwen"} 6.0');
    await slow.close();
  });
});

describe('control', () => {
  it('keeps a running replica, restarts one with another command line, and stops it', async () => {
    const first = await lab.startPod('p');
    expect(await lab.startPod('p')).toBe(first);
    await lab.call(`https://127.0.0.1:${first}/v1/completions`, 'POST', { prompt: 'hi', max_tokens: 1 });
    const second = await lab.startPod('p', ['--max-num-seqs=1'], false);
    expect((await lab.call(`http://127.0.0.1:${second}/health`, 'GET')).status).toBe(200);
    expect((await lab.control('DELETE', 'replicas/ns/p')).status).toBe(204);
    expect((await lab.control('DELETE', 'replicas/ns/p')).status).toBe(404);
    await expect(lab.call(`http://127.0.0.1:${second}/health`, 'GET')).rejects.toThrow();
    expect((await lab.record()).replicas['ns/p']?.requests).toBe(1);
  });

  it('refuses what it does not know', async () => {
    expect((await lab.control('GET', 'elsewhere')).status).toBe(404);
    expect((await lab.control('PUT', 'gateway', '{')).status).toBe(400);
  });

  it('stops a replica in the middle of an answer: the client gets an error, not a short answer', async () => {
    const slow = await startLab({ timeScale: 0.01 });
    await slow.setPool(slow.pool({ endpoints: slow.endpoints(['a']) }));
    const answer = slow.complete('hi');
    await until(async () => (await slow.record()).replicas['ns/a']?.requests === 1);
    await slow.control('DELETE', 'replicas/ns/a');
    expect(await answer).toMatchObject({ status: 503, text: expect.stringContaining('connection termination') });
    await slow.close();
  });
});
