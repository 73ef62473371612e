import { expect, it } from 'vitest';
import type { ProgressEvent } from '../../../../src/progress/events.ts';
import { openLoader } from '../../../../src/stages/benchmark/loaders.ts';
import type { StageContext } from '../../../../src/stages/context.ts';
import { answerAfter, startModelServer } from '../../load/model-server.ts';

it('the runner prints what it can send before it sends anything', async () => {
  const server = await startModelServer(answerAfter(1));
  const events: ProgressEvent[] = [];
  const sentBefore: number[] = [];
  const context = {
    runKey: 'run-1',
    signal: new AbortController().signal,
    inputs: { loadFrom: 'runner', promptTokens: 16, maxTokens: 10, pairDurationMs: 1_000 },
    emit: (event: ProgressEvent) => {
      events.push(event);
      sentBefore.push(server.requests);
    },
  } as unknown as StageContext;
  const stack = { route: { endpoint: server.url, hostname: null } };
  const prepared = { service: { namespace: 'llm' } };
  const loader = await openLoader(context, prepared as never, stack as never);
  try {
    const source = loader.source({ stack, model: { modelId: 'm' } } as never, ['all']);
    const load = { arm: 'all', block: 0, concurrency: 1, durationMs: 100, part: 'p', rampMs: 0, trimMs: 0 } as const;
    const result = await source.run(load, new AbortController().signal);
    expect(result).toMatchObject({ measured: { tally: { unreadable: 0 } } });
    expect(server.requests).toBeGreaterThan(0);
    expect(events).toEqual([
      {
        ...{ type: 'fact', stage: 'benchmark' },
        text: `the load generator can send ${loader.ceilingPerSecond()} req/s from this machine`,
      },
    ]);
    expect(sentBefore).toEqual([0]);
    expect(loader.ceilingPerSecond()).toBeGreaterThan(0);
  } finally {
    await loader.close();
    await server.close();
  }
});
