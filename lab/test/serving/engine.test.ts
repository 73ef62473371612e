import { describe, expect, it } from 'vitest';
import { createBlockPool } from '../../serving/cache.ts';
import { createEngine, type Departure, serviceTime } from '../../serving/engine.ts';
import { createRandom } from '../../serving/random.ts';
import { createWorkClock, slowdown } from '../../serving/work-clock.ts';
import { createVirtualWall } from './virtual-wall.ts';

const SHORT = { hashes: [], promptTokens: 5, outputTokens: 10, finishReason: 'length' as const };

function lab(options: { scaling?: number; timeScale?: number; replicas?: number; lateMs?: number; slots?: number }) {
  const wall = createVirtualWall(options.lateMs);
  const timeScale = options.timeScale ?? 20;
  const clock = createWorkClock({ timeScale, scaling: options.scaling ?? 3, wall });
  const departures: Departure[] = [];
  const engines = Array.from({ length: options.replicas ?? 1 }, (_, index) =>
    createEngine({
      clock,
      pool: createBlockPool({ blockSize: 128, blocks: 1_000, caching: true }),
      random: createRandom(index),
      slots: options.slots ?? 4,
      observer: { scheduled: () => {}, departed: (departure) => departures.push(departure) },
    }),
  );
  return { wall, clock, engines, departures };
}

/** Requests per second of cluster time with `concurrency` in flight on each of the first `replicas` engines. */
function throughput(options: { scaling: number; replicas: number; lateMs?: number; concurrency?: number }): number {
  const { wall, engines } = lab({ ...options, replicas: 3 });
  let finished = 0;
  for (const engine of engines.slice(0, options.replicas)) {
    const send = () => {
      engine.submit({
        ...SHORT,
        onFinish: () => {
          finished++;
          send();
        },
      });
    };
    for (let i = 0; i < (options.concurrency ?? 10); i++) send();
  }
  const clusterSeconds = 300;
  wall.advance((clusterSeconds * 1_000) / 20);
  return finished / clusterSeconds;
}

describe('service time', () => {
  it('repeats the figures of the runbook', () => {
    expect(1 / serviceTime(5, 10).total).toBeCloseTo(1.89, 2);
    expect(4 / serviceTime(5, 10).total).toBeCloseTo(7.56, 1);
  });

  it('costs 0.53 to 0.61 s on the benchmark prompt and visibly less with a cached prefix', () => {
    expect(serviceTime(600, 10).total).toBeGreaterThan(0.53);
    expect(serviceTime(640, 16).total).toBeLessThan(0.61);
    expect(serviceTime(640 - 512, 16).total / serviceTime(640, 16).total).toBeLessThan(0.93);
  });
});

describe('engine', () => {
  it('serves 7.5 requests/s four at a time and 1.89 one at a time', () => {
    expect(throughput({ scaling: 3, replicas: 1 }) / 7.56).toBeCloseTo(1, 1);
    expect(throughput({ scaling: 3, replicas: 1, concurrency: 1 }) / 1.89).toBeCloseTo(1, 1);
  });

  it.each([3, 2.92, 2.2, 1])('three busy replicas complete %f times what one does', (scaling) => {
    const one = throughput({ scaling, replicas: 1 });
    expect(throughput({ scaling, replicas: 3 }) / one / scaling).toBeCloseTo(1, 1);
  });

  it('loses no throughput to late timers', () => {
    const exact = throughput({ scaling: 3, replicas: 1 });
    expect(throughput({ scaling: 3, replicas: 1, lateMs: 2 }) / exact).toBeGreaterThan(0.98);
  });

  it('slows down linearly between one and three busy replicas', () => {
    expect([0, 1, 2, 3].map((busy) => slowdown(busy, 2.4))).toEqual([1, 1, 1.125, 1.25]);
  });

  it('queues in order of arrival when the slots are full', () => {
    const { wall, engines } = lab({ slots: 1 });
    const order: number[] = [];
    for (const id of [1, 2, 3]) engines[0]!.submit({ ...SHORT, onFinish: () => order.push(id) });
    expect([engines[0]!.running(), engines[0]!.waiting()]).toEqual([1, 2]);
    wall.advance(1_000);
    expect(order).toEqual([1, 2, 3]);
    expect([engines[0]!.running(), engines[0]!.waiting()]).toEqual([0, 0]);
  });

  it('gives an aborted request its slot and its memory back, and reports what came out', () => {
    const { wall, engines, departures } = lab({ slots: 1 });
    const engine = engines[0]!;
    const running = engine.submit({ ...SHORT, onFinish: () => expect.unreachable() });
    const waiting = engine.submit({ ...SHORT, onFinish: () => expect.unreachable() });
    let finished = false;
    engine.submit({ ...SHORT, onFinish: () => (finished = true) });
    waiting.abort();
    wall.advance(5);
    running.abort();
    running.abort();
    expect([engine.running(), engine.waiting()]).toEqual([1, 0]);
    wall.advance(1_000);
    expect(finished).toBe(true);
    expect(engine.kvUsage()).toBe(0);
    expect(departures.map(({ reason, outputTokens }) => [reason, outputTokens])).toEqual([
      ['abort', 0],
      ['abort', 0],
      ['length', 10],
    ]);
    expect(wall.pending()).toBe(0);
  });

  it('lets tokens out one after another, the last one with the end', () => {
    const { wall, engines } = lab({});
    const seen: (number | 'end')[] = [];
    engines[0]!.submit({ ...SHORT, onTokens: (count) => seen.push(count), onFinish: () => seen.push('end') });
    wall.advance(1_000);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 'end']);
  });

  it('reports latencies as a watch on the wall would show them, contention included', () => {
    const { wall, engines, departures } = lab({ scaling: 1.5, replicas: 3 });
    for (const engine of engines) {
      const send = () => void engine.submit({ ...SHORT, onFinish: send });
      for (let i = 0; i < 4; i++) send();
    }
    wall.advance(60_000);
    const mean = departures.reduce((sum, { serviceSeconds }) => sum + serviceSeconds, 0) / departures.length;
    expect(mean / ((0.529 / 20) * 2)).toBeCloseTo(1, 1);
  });
});

describe('the tokens of requests that run', () => {
  it('grow as they come, and are none of the engine once a request has left', () => {
    const { wall, engines, departures } = lab({ timeScale: 1 });
    const [engine] = engines;
    const job = engine!.submit({ ...SHORT, outputTokens: 1_000, onFinish: () => {} });
    expect(engine!.produced()).toEqual({ prompt: 0, generation: 0 });
    wall.advance(1_500);
    const early = engine!.produced();
    expect(early.prompt).toBe(SHORT.promptTokens);
    expect(early.generation).toBeGreaterThan(0);
    wall.advance(500);
    expect(engine!.produced().generation).toBeGreaterThan(early.generation);
    job.abort();
    expect(departures[0]).toMatchObject({ reason: 'abort' });
    expect(departures[0]!.outputTokens).toBeGreaterThan(early.generation);
    expect(engine!.produced()).toEqual({ prompt: 0, generation: 0 });
  });
});
