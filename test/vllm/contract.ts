import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWERED, type Exchange, REFUSED, type ServerKind, WITHOUT_TEXT } from './exchanges.ts';
import { exchange, type Recording } from './recording.ts';
import { familiesOf, shapeOf, withoutNumbers } from './shape.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/vllm');

/** What vLLM responded, by the name of the exchange. */
export function recordingsOf(server: ServerKind): Record<string, Recording> {
  return JSON.parse(readFileSync(join(FIXTURES, `${server}.json`), 'utf8'));
}

/** A recorded text: metrics, or what vLLM wrote before it ended. */
export function recordedText(name: string): string {
  return readFileSync(join(FIXTURES, name), 'utf8');
}

/** Metrics that the gate, the endpoint picker or a person at the lab goes by. */
const METRICS = [
  'process_start_time_seconds',
  'vllm:num_requests_running',
  'vllm:num_requests_waiting',
  'vllm:kv_cache_usage_perc',
  'vllm:prefix_cache_queries_total',
  'vllm:prefix_cache_hits_total',
  'vllm:num_preemptions_total',
  'vllm:prompt_tokens_total',
  'vllm:generation_tokens_total',
  'vllm:request_success_total',
  'vllm:time_to_first_token_seconds',
  'vllm:inter_token_latency_seconds',
  'vllm:e2e_request_latency_seconds',
  'vllm:request_queue_time_seconds',
  'vllm:request_inference_time_seconds',
  'vllm:request_prefill_time_seconds',
  'vllm:request_decode_time_seconds',
];

export interface Subject {
  url: string;
  stop(): Promise<void>;
}

/** One suite for vLLM and for what stands in for it: every response has the status, headers and shape that were recorded. */
export function holdsRecordings(title: string, start: (kind: ServerKind) => Promise<Subject>, hookMs: number): void {
  describe.each(['chat', 'base', 'reasoning'] as const)(`${title}, server %s`, (kind) => {
    let subject: Subject;
    beforeAll(async () => {
      subject = await start(kind);
    }, hookMs);
    afterAll(async () => subject?.stop(), hookMs);
    const send = (each: Exchange) => exchange(subject.url, each);
    const ours = (exchanges: readonly Exchange[]) =>
      exchanges.filter(({ server }) => server === kind).map((each) => [each.name, each] as const);

    const recordings = recordingsOf(kind);
    it.each(ours(ANSWERED))('answers %s as recorded', async (name, each) => {
      const recorded = recordings[name] as Recording;
      const found = await send(each);
      expect([found.status, found.headers]).toEqual([recorded.status, recorded.headers]);
      expect(shapeOf(found.body)).toEqual(shapeOf(recorded.body));
      expect(successive(found.events?.map(shapeOf))).toEqual(successive(recorded.events?.map(shapeOf)));
      expect(countsOf(found)).toEqual(countsOf(recorded));
    });

    const streams = ours(WITHOUT_TEXT);
    if (streams.length > 0) {
      it.each(streams)('streams %s as recorded, with events that have no text', async (name, each) => {
        const found = await send(each);
        const recorded = recordings[name] as Recording;
        expect(successive(found.events?.map(shapeOf))).toEqual(successive(recorded.events?.map(shapeOf)));
        expect(successive(found.events?.map(textOf))).toEqual(successive(recorded.events?.map(textOf)));
        expect(countsOf(found)).toEqual(countsOf(recorded));
      });
    }

    const refusals = ours(REFUSED);
    if (refusals.length > 0) {
      it.each(refusals)('refuses %s as recorded', async (name, each) => {
        const recorded = recordings[name] as Recording;
        const found = await send(each);
        expect([found.status, found.headers]).toEqual([recorded.status, recorded.headers]);
        expect(shapeOf(found.body)).toEqual(shapeOf(recorded.body));
        expect(errorOf(found)).toEqual(errorOf(recorded));
      });
    }

    if (kind !== 'chat') return;
    it('exports the metrics under their names, types and labels', async () => {
      const found = familiesOf(await (await fetch(`${subject.url}/metrics`)).text());
      const recorded = familiesOf(recordedText('metrics.txt'));
      const of = (families: typeof found) => Object.fromEntries(METRICS.map((name) => [name, families[name]]));
      expect(of(found)).toEqual(of(recorded));
      const config = (families: typeof found) => families['vllm:cache_config_info'];
      expect(config(recorded)?.labels).toEqual(expect.arrayContaining(config(found)?.labels ?? ['missing']));
    });
  });
}

/** What the request decides, whatever the tokenizer: tokens of the answer and why it ends. */
function countsOf({ body, events }: Recording): unknown {
  const parts = (events ?? [body]) as {
    choices?: { finish_reason?: string }[];
    usage?: { completion_tokens?: number };
  }[];
  return successive(
    parts.map(({ choices, usage } = {}) => [
      choices?.map(({ finish_reason: reason }) => reason ?? null) ?? null,
      usage?.completion_tokens ?? null,
    ]),
  );
}

/** Equal neighbours once: vLLM puts several tokens into one event where it is slower to send than to decode. */
function successive(values: unknown[] | undefined): unknown[] | undefined {
  return values?.filter((value, index) => index === 0 || JSON.stringify(value) !== JSON.stringify(values[index - 1]));
}

function textOf(event: unknown): unknown {
  const [choice] = (event as { choices?: { text?: unknown; delta?: { content?: unknown } }[] }).choices ?? [];
  return choice?.text ?? choice?.delta?.content ?? null;
}

function errorOf({ body }: Recording): unknown {
  const error = (body as { error?: { message: string; type: string; param: string | null; code: number } })?.error;
  return error ? { ...error, message: withoutNumbers(error.message) } : body;
}
