import { percentUpTo, upTo } from '../lib/number.ts';
import type { ArmName, Finding, LoadArm } from '../report/model.ts';
import type { ArmEvidence, MeasurementEvidence, Tell } from './evidence.ts';
import { LIMITS } from './limits.ts';
import { judgeAnswers } from './plausibility-answers.ts';
import { judgeCluster } from './plausibility-cluster.ts';
import { trendOf } from './trend.ts';

const ARMS: readonly ArmName[] = ['one', 'all'];
/** How findings name each arm. */
export const ARM_TITLE: Record<LoadArm, string> = {
  one: 'one-replica arm',
  all: 'all-replicas arm',
  head: 'arm under test',
  base: 'base arm',
};

/**
 * Whether the measurement can be believed, whatever its ratio. A veto makes the verdict `invalid`; a warning is worth a
 * reader's eye. Every finding carries its numbers.
 */
export function judgePlausibility(evidence: MeasurementEvidence): { vetoes: Finding[]; warnings: Finding[] } {
  const vetoes: Finding[] = [];
  const warnings: Finding[] = [];
  const veto = (id: string, message: string) => void vetoes.push({ id, message });
  const warn = (id: string, message: string) => void warnings.push({ id, message });

  for (const name of ARMS) judgeArm(ARM_TITLE[name], evidence.arms[name], veto, warn);
  judgeBetweenArms(evidence, veto, warn);
  judgeAnswers(evidence.answers, ARM_TITLE, veto);
  judgeClient(evidence, veto);
  judgeSpeedup(evidence, veto, warn);
  judgeCluster(evidence, ARM_TITLE, veto, warn);
  return { vetoes, warnings };
}

/** What one arm shows by itself. */
export function judgeArm(title: string, arm: ArmEvidence, veto: Tell, warn: Tell): void {
  if (arm.errors > 0) {
    const rate = arm.errors / arm.requests;
    const because = arm.firstError === null ? '' : ` First: ${arm.firstError}`;
    const sentence = `${arm.errors} of ${arm.requests} requests (${percentUpTo(rate, 2)}) failed in the ${title}`;
    if (rate > LIMITS.errorRate)
      veto('error-rate', `${sentence}; the limit is ${percentUpTo(LIMITS.errorRate)}.${because}`);
    else warn('errors', `${sentence}.${because}`);
  }
  if (arm.unreadable > 0) {
    veto(
      'unreadable-answers',
      `${arm.unreadable} answers of the ${title} had status 200 but no completion with token counts, or an error beside ` +
        `it, so something other than the model answered.${arm.firstError === null ? '' : ` First: ${arm.firstError}`}`,
    );
  }
  if (arm.completed < LIMITS.fewestRequests) {
    veto(
      'too-few-requests',
      `Only ${arm.completed} requests were completed in the windows of the ${title}; ${LIMITS.fewestRequests} is the least.`,
    );
  } else if (arm.completed < LIMITS.requestsForP95) {
    warn(
      'few-requests',
      `${arm.completed} requests were completed in the windows of the ${title}; a p95 needs ${LIMITS.requestsForP95}.`,
    );
  }
  if (arm.littlesLaw !== null && Math.abs(arm.littlesLaw - 1) > LIMITS.littlesLaw) {
    veto(
      'littles-law',
      `In the ${title}, throughput × latency is ${percentUpTo(arm.littlesLaw)} of the requests that should be in flight ` +
        `(allowed: ${percentUpTo(1 - LIMITS.littlesLaw)} to ${percentUpTo(1 + LIMITS.littlesLaw)}), so the load was not what it ` +
        'was meant to be.',
    );
  }
  const share = arm.distinctLatencyShare;
  if (share !== null && arm.completed >= LIMITS.fewestRequests && share < LIMITS.distinctLatencyShare) {
    veto(
      'clock',
      `The ${arm.completed} latencies of the ${title} take only ${Math.round(share * arm.completed)} different values: the ` +
        'clock is too coarse for what it measures.',
    );
  }
  const trend = trendOf(arm.halves);
  if (trend?.unsteady) {
    veto(
      'trend',
      `Throughput in the ${title} ${trend.relativeChange > 0 ? 'rises' : 'falls'} by ` +
        `${percentUpTo(Math.abs(trend.relativeChange))} from the first to the second half of its windows ` +
        `(t = ${upTo(trend.t, 1)}, ${arm.halves.length} blocks), so the replicas were not in a steady state.`,
    );
  }
}

function judgeBetweenArms(evidence: MeasurementEvidence, veto: Tell, warn: Tell): void {
  const { one, all } = evidence.arms;
  if (one.meanOutputTokens !== null && all.meanOutputTokens !== null) {
    const difference = all.meanOutputTokens / one.meanOutputTokens - 1;
    if (Math.abs(difference) > LIMITS.outputTokens) {
      veto(
        'output-length',
        `Answers had ${upTo(one.meanOutputTokens, 1)} tokens from one replica and ` +
          `${upTo(all.meanOutputTokens, 1)} from all (${difference > 0 ? '+' : '−'}${percentUpTo(Math.abs(difference))}; ` +
          `the limit is ${percentUpTo(LIMITS.outputTokens)}): requests per second do not compare the same work.`,
      );
    }
  }
  if (evidence.pickerMarked && all.pickerShare !== null && all.pickerShare < LIMITS.pickerShare) {
    veto(
      'picker-lost',
      `${percentUpTo(all.pickerShare)} of the answers of all replicas carried the endpoint picker's mark, which each had ` +
        'before the one-replica arm was there: its route has changed what the gateway does.',
    );
  }
  if (evidence.pickerShared && one.pickerShare !== null && one.pickerShare < LIMITS.pickerShare) {
    veto(
      'picker-not-shared',
      `${percentUpTo(one.pickerShare)} of the answers of one replica carried the endpoint picker's mark, which each had ` +
        'before the pairs: the arms do not share its hop any more.',
    );
  }
  const shares = [one.cachedTokenShare, all.cachedTokenShare];
  const worst = Math.max(...shares.map((share) => share ?? 0));
  if (worst > LIMITS.cachedShare) {
    const apart = shares[0] != null && shares[1] != null ? Math.abs(shares[0] - shares[1]) : 0;
    const sentence =
      `Up to ${percentUpTo(worst)} of the prompt tokens came from the prefix cache, although the benchmark's prompts share ` +
      'nothing';
    if (apart > LIMITS.cachedShare) veto('cache-hits', `${sentence}, and the arms differ by ${percentUpTo(apart)}.`);
    else warn('cache-hits', `${sentence}; both arms alike.`);
  }
}

/** What the load generator shows of itself. */
export function judgeClient({ client }: Pick<MeasurementEvidence, 'client'>, veto: Tell): void {
  const { eventLoopUtilization, sendLagP99Ms, stalledShare } = client;
  if (eventLoopUtilization > LIMITS.eventLoopUtilization) {
    veto(
      'event-loop',
      `The load generator's event loop was ${percentUpTo(eventLoopUtilization)} busy (limit ` +
        `${percentUpTo(LIMITS.eventLoopUtilization)}), so it may have measured itself.`,
    );
  }
  if (stalledShare > LIMITS.stalledShare) {
    veto(
      'starved',
      `The machine did not let the load generator run for ${percentUpTo(stalledShare)} of an arm's time (limit ` +
        `${percentUpTo(LIMITS.stalledShare)}), so what it measured is partly the machine.`,
    );
  }
  if (sendLagP99Ms > LIMITS.sendLagP99Ms) {
    veto(
      'send-lag',
      `1% of the requests were sent more than ${upTo(sendLagP99Ms, 1)} ms late (limit ${LIMITS.sendLagP99Ms} ms), ` +
        'so the load generator or its connections held the load back.',
    );
  }
}

function judgeSpeedup(evidence: MeasurementEvidence, veto: Tell, warn: Tell): void {
  if (evidence.speedup === null) return;
  const efficiency = evidence.speedup / evidence.replicas;
  const sentence =
    `A speedup of ${upTo(evidence.speedup, 2)} is ${percentUpTo(efficiency)} of what ${evidence.replicas} replicas can ` +
    'give';
  if (efficiency > LIMITS.impossibleEfficiency) {
    veto('impossible-speedup', `${sentence}: the one-replica arm was held back by something else than its replica.`);
  } else if (efficiency > LIMITS.surprisingEfficiency) {
    warn('surprising-speedup', `${sentence}: a cache effect, or a one-replica arm that was held back.`);
  }
}
