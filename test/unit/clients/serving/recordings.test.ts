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
