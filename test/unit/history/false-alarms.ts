import type { FigureId } from '../../../src/history/figures.ts';
import type { HistoryRecord } from '../../../src/history/record.ts';
import { aNight, fullNight, nightsOf, noise } from './records.ts';

/** An alarm that its tracker found to be false, as a series of nights. The ratios are the published ones. */
export interface FalseAlarm {
  /** Issue or pull request on github.com, or the project. */
  source: string;
  what: string;
  nights: HistoryRecord[];
}

type Factors = Partial<Record<FigureId, number>>;

/** Nights of a healthy stack with 1 % of noise, each with the factors and the environment that are given for it. */
function series(
  count: number,
  change: (index: number) => Factors,
  env: (index: number) => Partial<HistoryRecord['env']> = () => ({}),
): HistoryRecord[] {
  return nightsOf(count, { sigma: 0.01, seed: 31 }).map((figures, index) => {
    const factors = change(index);
    const own = { ...figures };
    for (const id of Object.keys(factors) as FigureId[]) own[id] *= factors[id] ?? 1;
    return fullNight(index, own, env(index));
  });
}

/** Nights whose figure has exactly these values. */
const exactly = (id: FigureId, values: readonly number[]) =>
  nightsOf(values.length, { sigma: 0.01, seed: 37 }).map((figures, index) =>
    fullNight(index, { ...figures, [id]: values[index]! }),
  );

/** The values in an order that is the same in every run. */
function shuffled(values: readonly number[], seed: number): number[] {
  const next = noise(seed);
  return values
    .map((value) => ({ value, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

const times = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value);

/** The same night measured again `minutes` later. */
function again(
  night: HistoryRecord,
  minutes: number,
  attempt: number,
  m: Partial<HistoryRecord['m']> = {},
): HistoryRecord {
  const ts = new Date(Date.parse(night.ts) + 60_000 * minutes).toISOString();
  return {
    ...night,
    ts,
    key: `${night.run.id}/${attempt}/default`,
    run: { ...night.run, attempt },
    m: { ...night.m, ...m },
  };
}

const ONE_BAD_NIGHT = 24;
/** gsm8k on 61 runs of one commit on TPU v6e: score and how often. */
const SGL_JAX = [
  [0.84, 2],
  [0.845, 3],
  [0.85, 7],
  [0.855, 13],
  [0.86, 12],
  [0.865, 10],
  [0.87, 7],
  [0.875, 5],
  [0.88, 2],
] as const;
const SGLANG = [0.635, 0.665, 0.69, 0.69, 0.71, 0.719, 0.72, 0.72, 0.73, 0.73, 0.74, 0.805, 0.81, 0.864];
const healthy = series(30, () => ({}));

/** Published false alarms of other projects. */
export const FALSE_ALARMS: readonly FalseAlarm[] = [
  {
    source: 'nubo-db/dynoxide#167',
    what: 'one stored run was twice as fast as eleven others, and all that followed looked slower',
    nights: series(30, (index) => (index === 18 ? { ttft: 0.51, p95: 0.59, one: 1.8, all: 1.8 } : {})),
  },
  {
    source: 'fast_mail_parser: 0.3 % within a job, 26 % between jobs',
    what: 'a level that was drawn at 1.05 is the baseline of a run that was drawn lower',
    nights: series(30, (index) => (index >= 20 && index < 23 ? { one: 1.05, all: 1.07 } : {})),
  },
  {
    source: 'microsoft/mssql-rs#435',
    what: 'two runs without a change confirm disjoint regressions of 12, 10 and 11 %',
    nights: series(30, (index) => (index === 24 ? { ttft: 1.12, tpot: 1.1 } : index === 25 ? { p95: 1.11 } : {})),
  },
  {
    source: 'anolilab/lunora#736',
    what: 'the set of regressions of 10 to 17 % rotates from run to run',
    nights: series(32, (index) => {
      const rotating: Factors[] = [{ ttft: 1.19 }, { p95: 1.2 }, { one: 0.854, all: 0.896 }, {}];
      return index < 16 ? {} : rotating[index % 4]!;
    }),
  },
  {
    source: 'shakacode/react_on_rails#3169',
    what: 'each night flags other figures; adjacent nights share next to none',
    nights: series(44, (index) => {
      const ids: FigureId[] = ['ttft', 'tpot', 'p95', 'ready', 'cost', 'up'];
      return index < 14 ? {} : { [ids[index % 6]!]: 1.25, [ids[(index + 3) % 6]!]: 1.15 };
    }),
  },
  {
    source: 'o1-labs/proof-systems#3593',
    what: 'another machine is 11.7 % slower, by an interval of ± 0.2 %',
    nights: series(
      36,
      (index) => (index >= 20 ? { all: 1 / 1.117, one: 1 / 1.117, p95: 1.117 } : {}),
      (index) => (index >= 20 ? { machine: 'ct5lp-hightpu-4t', cond: 'dddddddd' } : {}),
    ),
  },
  {
    source: 'raullenchai/Rapid-MLX#1520',
    what: 'another protocol: a server that has served before is 14 % slower, with 0.5 % of spread',
    nights: series(
      36,
      (index) => (index >= 20 ? { ttft: 287.6 / 252.8, p95: 1.14 } : {}),
      (index) => (index >= 20 ? { method: 'paired, version 2', cond: 'ffffffff' } : {}),
    ),
  },
  {
    source: 'rotki/rotki#13140',
    what: 'at least half of the figures are worse on changed hardware, which comes and goes',
    nights: series(
      40,
      (index) => (index % 3 === 2 ? { all: 0.8, one: 0.8, ttft: 1.3, tpot: 1.25, p95: 1.3, goodput: 0.8 } : {}),
      (index) => (index % 3 === 2 ? { chips: 8, cond: 'dddddddd' } : {}),
    ),
  },
  {
    source: 'sgl-project/sglang-jax#1333',
    what: 'an eval of one commit straddles its limit: 61 scores from 0.84 to 0.88 on TPU v6e',
    nights: exactly(
      'quality',
      shuffled(
        SGL_JAX.flatMap(([score, count]) => times(count, score)),
        1,
      ),
    ),
  },
  {
    source: 'sgl-project/sglang#22100',
    what: 'an eval that is noisy by itself: 0.635 to 0.864',
    nights: exactly(
      'quality',
      [1, 2, 3].flatMap((seed) => shuffled(SGLANG, seed)),
    ),
  },
  {
    source: 'sgl-project/sglang#38725',
    what: 'an eval of a standard deviation of 0.0069 lies under its limit twice a week',
    nights: exactly(
      'quality',
      (() => {
        const next = noise(13);
        return Array.from({ length: 61 }, () => Math.max(0.928, 0.9439 + 0.0069 * next()));
      })(),
    ),
  },
  {
    source: 'sunholo-data/ailang#485',
    what: 'an eval of two trials goes 50, 100, 0, 100, 0 %',
    nights: exactly('quality', times(8, [0.5, 1, 0, 1, 0]).flat()),
  },
  {
    source: 'flutter/flutter#24019',
    what: 'a figure has two modes, 20 ms and 60 ms, the slower less often',
    nights: exactly(
      'p95',
      Array.from({ length: 45 }, (_, index) => (index % 5 === 3 ? 60 : 20) * (1 + (index % 7) / 200)),
    ),
  },
  {
    source: 'flutter/flutter#124065',
    what: 'some hosts have four cores and some eight: 159 and 172',
    nights: exactly('ttft', shuffled([...times(22, 159.4), ...times(22, 172.3)], 9)),
  },
  {
    source: 'man-group/ArcticDB#3391',
    what: 'identical code on one machine has two modes, 40 ms and 85 ms',
    nights: exactly('ttft', shuffled([...times(24, 40), ...times(20, 85)], 4)),
  },
  {
    source: 'shakacode/react_on_rails#4116',
    what: 'noise of 50 to 125 % from run to run',
    nights: series(40, (index) => ({ p95: 1 + 0.5 * Math.abs(Math.sin(7 * index)) + (index % 9 === 4 ? 0.75 : 0) })),
  },
  {
    source: 'yuluo-yx/typo#83',
    what: 'nights are 1 to 6 % slower than a frozen baseline, with no change of the code',
    nights: series(34, (index) => (index < 12 ? {} : { ttft: 1 + [0.01, 0.056, 0.02, 0.03, 0.0, 0.04][index % 6]! })),
  },
  {
    source: 'Blackwellboy/model-serving-minefield#37',
    what: 'a cold engine: 58.5 instead of 83.3 tokens a second at first, and again after an idle time',
    nights: series(30, (index) =>
      index === 0 ? { one: 58.5 / 83.3, all: 0.7, ready: 1.6 } : index === 21 ? { one: 0.72 } : {},
    ),
  },
  {
    source: 'awslabs/soci-snapshotter#790',
    what: 'the first pulls are slow, which skews the first nights',
    nights: series(30, (index) => (index < 2 ? { ready: 1.8, up: 1.5, cost: 1.4 } : {})),
  },
  {
    source: 'majiayu000/vibeguard#611',
    what: 'p95 of three samples is their maximum: 542 ms once, where 71 ms are usual',
    nights: series(30, (index) =>
      index === ONE_BAD_NIGHT ? { p95: 542 / 71 } : index === 27 ? { p95: 1_014 / 97 } : {},
    ),
  },
  {
    source: 'sonichi/sutando#3498',
    what: 'a time limit caps the figure, at 120 s and at 240 s once it is raised',
    nights: exactly(
      'up',
      Array.from({ length: 36 }, (_, at) => (at === 20 ? 120_000 : at === 28 ? 240_000 : 91_000 + 500 * (at % 5))),
    ),
  },
  {
    source: 'iree-org/iree#7077',
    what: 'whole milliseconds: 10 ms and 11 ms are 10 % apart',
    nights: exactly(
      'tpot',
      Array.from({ length: 40 }, (_, at) => [10, 10, 11, 10, 11, 11][at % 6]!),
    ),
  },
  {
    source: 'ordo-one/benchmark#291',
    what: 'a rounded figure that has never moved moves by its last digit, once',
    nights: exactly(
      'cost',
      Array.from({ length: 30 }, (_, at) => (at === 25 ? 0.11 : 0.1)),
    ),
  },
  {
    source: 'alfredoperez/speckit-companion#685',
    what: 'one run is recorded three times within ten minutes',
    nights: healthy.flatMap((night, at) => {
      if (at !== ONE_BAD_NIGHT) return [night];
      const slow = { ...night, m: { ...night.m, all: 16, one: 6 } };
      return [slow, again(slow, 7, 2), again(slow, 11, 3)];
    }),
  },
  {
    source: 'shakacode/react_on_rails#3670',
    what: 'a run that looks worse is run again, and is not',
    nights: healthy.flatMap((night, at) => {
      const slow = { all: 17.4, ttft: 236 };
      return at % 7 === 6 ? [{ ...night, m: { ...night.m, ...slow } }, again(night, 55, 2)] : [night];
    }),
  },
  {
    source: 'airspeed-velocity/asv#938',
    what: 'the clock of the schedule is set back, and a slow night is measured twice within the hour',
    nights: healthy.flatMap((night, at) => {
      if (at !== ONE_BAD_NIGHT) return [night];
      const slow = { ...night, m: { ...night.m, p95Ms: 760 } };
      return [slow, { ...again(slow, 60, 1), key: 'second/1/default', run: { ...slow.run, id: 'second' } }];
    }),
  },
  {
    source: 'runs-on/runs-on#167',
    what: 'a long weekend without a run, which is read as zero',
    nights: healthy.flatMap((night, at) => (at % 7 < 3 && at > 12 ? [aNight(at, null, { cause: null })] : [night])),
  },
  {
    source: 'getsentry/sentry#66906',
    what: 'the weekend is faster, and each Monday is slower than the days before it',
    nights: series(42, (index) => (index % 7 >= 5 ? { p95: 0.8, ttft: 0.85 } : {})),
  },
  {
    source: 'erikdarlingdata/PerformanceMonitor#2019',
    what: 'a drift of 0.116 standard deviations a day over 16 days, within the noise',
    nights: series(46, (index) => ({ ttft: 1 + 0.00116 * Math.min(16, Math.max(0, index - 20)) })),
  },
  {
    source: 'xtdb/xtdb#5454',
    what: 'after a speedup of 35 % the stale baseline alerts for weeks',
    nights: series(60, (index) => (index >= 20 ? { ttft: 0.65, all: 1.35, one: 1.35 } : {})),
  },
  {
    source: 'nottelabs/browserarena#65',
    what: 'a spike of one day: 132 to 960, and 85 to 622',
    nights: series(30, (index) => (index === ONE_BAD_NIGHT ? { ready: 960 / 132, up: 622 / 85 } : {})),
  },
  {
    source: 'xberg-io/html-to-markdown#461',
    what: 'the new baseline has another workload, and is 16.3 % slower',
    nights: series(
      36,
      (index) => (index >= 20 ? { all: 1 / 1.163, one: 1 / 1.163, ttft: 1.163 } : {}),
      (index) => (index >= 20 ? { workload: '1280 + 16 tokens, 10 in flight per replica', cond: 'eeeeeeee' } : {}),
    ),
  },
  {
    source: 'apache/flink-benchmarks#63',
    what: 'a latency that falls is called a regression, because less is taken for worse',
    nights: series(30, (index) => (index >= 20 ? { ttft: 0.89, ready: 0.87, cost: 0.88 } : {})),
  },
];
