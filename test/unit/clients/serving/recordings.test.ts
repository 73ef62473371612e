import { describe, expect, it } from 'vitest';
import { countersOf } from '../../../../src/clients/serving/client.ts';
import { parseMetrics } from '../../../../src/clients/serving/metrics.ts';
import { recordedText, recordingsOf } from '../../../vllm/contract.ts';

describe("vLLM's recorded metrics", () => {
  it('have every counter that a check reads', () => {
    const counters = countersOf('a', parseMetrics(recordedText('metrics.txt')));
    expect(counters).toMatchObject({ pod: 'a', waiting: 0, running: 0, preemptions: 0, prefixCaching: true });
    expect(counters.requests).toBeGreaterThan(10);
    expect(counters.prefixHits).toBeGreaterThan(0);
    expect(counters.prefixQueries).toBeGreaterThan(counters.prefixHits as number);
    expect(counters.processStartSeconds).toBeGreaterThan(1_700_000_000);
    expect(counters.blockSizeTokens).toBeGreaterThan(0);
  });

  it('count each request once with two API servers, which do not export when their process began', () => {
    const counters = countersOf('a', parseMetrics(recordedText('metrics-two-api-servers.txt')));
    expect(counters).toMatchObject({ requests: 4, waiting: 0, running: 0, prefixCaching: true });
    expect(counters.processStartSeconds).toBeNull();
  });

  it('count each token of prompts and answers once, those from the prefix cache and from two API servers too', () => {
    for (const [file, answers] of [
      ['metrics.txt', 14],
      ['metrics-two-api-servers.txt', 4],
    ] as const) {
      const samples = parseMetrics(recordedText(file));
      const { requests, promptTokens, generationTokens } = countersOf('a', samples);
      const figure = (name: string) => samples.find((sample) => sample.name === name)?.value;
      expect([requests, generationTokens]).toEqual([answers, 6 * answers]);
      // The histogram has the whole prompts of the requests that have finished.
      expect(promptTokens).toBe(figure('vllm:request_prompt_tokens_sum'));
      expect(generationTokens).toBe(figure('vllm:request_generation_tokens_sum'));
    }
  });
});

describe("vLLM's recorded responses", () => {
  it('have null as content where all tokens are reasoning', () => {
    const { body } = recordingsOf('reasoning').reasoning as { body: { choices: { message: unknown }[] } };
    expect(body.choices[0]?.message).toMatchObject({ content: null, reasoning: expect.stringMatching(/./) });
  });

  it('have events without text for tokens that have none', () => {
    type Event = { choices?: { text?: string }[]; usage?: { completion_tokens: number } };
    const events = recordingsOf('chat')['stream-special-tokens']?.events as Event[];
    const texts = events.flatMap(({ choices = [] }) => choices.map(({ text }) => text));
    expect(texts.filter((text) => text === '').length).toBeGreaterThan(1);
    expect(events.at(-2)?.usage?.completion_tokens).toBe(6);
  });
});
