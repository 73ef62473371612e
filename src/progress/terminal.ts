import type { LiveLine } from '../clients/runner/terminal.ts';
import { clock } from '../lib/duration.ts';
import { oneLine } from '../report/escape.ts';
import type { StageName } from '../report/model.ts';
import { STAGES } from '../report/wording.ts';
import type { Emit, ProgressEvent } from './events.ts';
import { plainRenderer } from './plain.ts';

interface Running {
  title: string;
  startedMs: number;
  usualMs: number | null;
  limitMs: number | null;
  seen: string | null;
}

/**
 * For a person at a terminal: what is being waited for stands in one live line, with its time; facts and results scroll
 * above it. Two stages that run side by side share the line.
 */
export function terminalRenderer({ now, live }: { now: () => number; live: LiveLine }): Emit {
  const plain = plainRenderer({ now, write: live.print });
  const running = new Map<StageName, Running>();
  const text = () => [...running].map(([stage, state]) => stageText(stage, state, now())).join(' | ');
  return (event: ProgressEvent) => {
    if (event.type === 'stage-start') {
      const { stage, title, usualMs, limitMs } = event;
      running.set(stage, { title, startedMs: now(), usualMs, limitMs, seen: null });
    } else if (event.type === 'waiting') {
      const state = running.get(event.stage);
      if (state) state.seen = event.seen;
    } else {
      if (event.type === 'stage-end') running.delete(event.stage);
      if (event.type === 'closing') running.clear();
      if (running.size === 0) live.show(null);
      plain(event);
    }
    if (running.size > 0) live.show(text);
  };
}

/** `2/7 Lease node pool v6e 0 → 3, 1:23 of usual 10:00: 0 of 3 nodes Ready`; past the usual time, that it takes longer. */
function stageText(stage: StageName, { title, startedMs, usualMs, limitMs, seen }: Running, nowMs: number): string {
  const spent = nowMs - startedMs;
  const of =
    usualMs !== null && spent <= usualMs
      ? ` of usual ${clock(usualMs)}`
      : limitMs === null
        ? ''
        : `${usualMs === null ? '' : ', longer than usual'}, limit ${clock(limitMs)}`;
  const what = seen === null ? '' : `: ${seen}`;
  return oneLine(`${STAGES.indexOf(stage) + 1}/${STAGES.length} ${title}, ${clock(spent)}${of}${what}`, 300);
}
