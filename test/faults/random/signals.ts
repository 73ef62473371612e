import { createRandom } from '../../../lab/google/clock.ts';
import { descendants, leftOf, startRehearsal } from '../../e2e/rehearsal-process.ts';

const SIGNALS = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGKILL', 'SIGUSR1', 'SIGUSR2', 'SIGABRT', 'SIGALRM'] as const),
  ...(['SIGVTALRM', 'SIGPROF', 'SIGXCPU', 'SIGXFSZ', 'SIGPWR', 'SIGIO', 'SIGSTKFLT', 'SIGSYS', 'SIGTRAP'] as const),
  ...(['SIGPIPE', 'SIGCHLD', 'SIGWINCH', 'SIGURG', 'SIGCONT', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL'] as const),
] as const satisfies readonly NodeJS.Signals[];

/** They end no process of Node. */
const HARMLESS: readonly string[] = ['SIGUSR1', 'SIGXFSZ', 'SIGPIPE', 'SIGCHLD', 'SIGWINCH', 'SIGURG', 'SIGCONT'];
/** A process cannot listen for them, or must not. */
const DEADLY: readonly string[] = ['SIGKILL', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL'];

/** Milliseconds from the start of a rehearsal to some time in its benchmark. */
const MOMENTS_MS = 25_000;
/** What the gate may take to release at the full speed of the lab, on a busy machine. */
const LIMIT_MS = 60_000;
const QUICK = ['--pairs=3-3', '--pair-duration=1s', '--latency-duration=0s', '--runbook=false'];

export interface SignalCase {
  name: string;
  signal: (typeof SIGNALS)[number];
  group: boolean;
  times: number;
  atMs: number;
}

/** Each signal, to the process and to its group, at `moments` random moments. */
export function signalCases(seed: number, moments: number): SignalCase[] {
  const random = createRandom(seed);
  return Array.from({ length: moments }, () =>
    SIGNALS.flatMap((signal) =>
      [false, true].map((group) => {
        const atMs = Math.round(random.between(0, MOMENTS_MS));
        const times = random.between(0, 1) < 0.5 ? 1 : 3;
        return { name: `${signal}/${group ? 'group' : 'process'}/${atMs}/${times}`, signal, group, times, atMs };
      }),
    ),
  ).flat();
}

/** A rehearsal that is sent a signal, then what is true. */
export async function playSignal({
  signal,
  group,
  times,
  atMs,
}: SignalCase): Promise<{ broken: string[]; by: string }> {
  const { child, folder, ended } = startRehearsal(...QUICK);
  const pid = child.pid as number;
  let started: number[] = [];
  let sentAt = 0;
  const timers = Array.from({ length: times }, (_, nth) =>
    setTimeout(
      () => {
        if (started.length === 0) started = descendants(pid);
        sentAt ||= performance.now();
        child.exitCode === null && child.signalCode === null && process.kill(group ? -pid : pid, signal);
      },
      atMs + nth * 200,
    ),
  );
  const { code, signal: by, log } = await ended;
  for (const timer of timers) clearTimeout(timer);
  const tookMs = sentAt === 0 ? 0 : performance.now() - sentAt;
  const left = await leftOf(folder, started);
  const isHarmless = HARMLESS.includes(signal);
  // Before it listens, a process ends by the signal; it has started nothing then.
  const isRight =
    sentAt === 0 || isHarmless
      ? code !== null && code < 128
      : DEADLY.includes(signal)
        ? by === signal
        : code === 130 ||
          (by === signal && started.length === 0) ||
          (code !== null && code < 128 && log.includes('lab: node pool'));
  const broken = [
    isRight ? null : `it ended with ${by ?? code}`,
    !isHarmless && tookMs > LIMIT_MS ? `it took ${Math.round(tookMs / 1_000)} s after the signal` : null,
    // A process of the lab may see that another has ended before it ends itself.
    /^(?!lab: ).*ECONNREFUSED/m.test(log) ? 'the gate asked a lab that was gone' : null,
    code !== null && log.includes('lab: node pool') && !log.includes('has 0 nodes and is asked to hold 0')
      ? 'nodes are left'
      : null,
    ...left.map((one) => `left: ${one}`),
  ].filter((text) => text !== null);
  return { broken: broken.length > 0 ? [...broken, log.slice(-1_500)] : [], by: 'itself' };
}
