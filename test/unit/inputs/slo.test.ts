import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInputs } from '../../../src/inputs/inputs.ts';
import { SLO } from '../../../src/lib/slo.ts';

const REQUIRED = { 'project-id': 'ecoeng-llmd', location: 'europe-west4-a', cluster: 'llmd' };

function parse(slo: string, more: Record<string, string> = {}) {
  const given: Record<string, string> = { ...REQUIRED, slo, ...more };
  return parseInputs({ get: (name) => given[name], given: Object.keys(given), env: {} });
}

function limitsOf(slo: string) {
  const parsed = parse(slo);
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
  return parsed.inputs.slo;
}

function problemsOf(slo: string, more: Record<string, string> = {}): string[] {
  const parsed = parse(slo, more);
  return 'problems' in parsed ? parsed.problems : [];
}

describe('limits that are set', () => {
  it('are none where nothing is given', () => {
    expect(limitsOf('')).toEqual([]);
    expect(limitsOf(' \n , ')).toEqual([]);
  });

  it('stand between commas and on lines, with their sign or without', () => {
    const text = [
      'ttft-p95<500ms, tpot-p50 <= 40ms',
      'e2e-p99 20s,throughput>300',
      'goodput >= 12.5 req/s, success-rate>99.9%',
      'hit-rate 60 %, cost-per-million-tokens<$0.80, ITL-p99 < 1.5s',
    ].join('\n');
    expect(limitsOf(text)).toEqual([
      { name: 'ttft-p95', relation: '<', limit: 500 },
      { name: 'tpot-p50', relation: '<=', limit: 40 },
      { name: 'e2e-p99', relation: '<', limit: 20_000 },
      { name: 'throughput', relation: '>', limit: 300 },
      { name: 'goodput', relation: '>=', limit: 12.5 },
      { name: 'success-rate', relation: '>', limit: 0.999 },
      { name: 'hit-rate', relation: '>', limit: 0.6 },
      { name: 'cost-per-million-tokens', relation: '<', limit: 0.8 },
      { name: 'itl-p99', relation: '<', limit: 1_500 },
    ]);
  });
});

describe('limits that cannot be', () => {
  it.each([
    ['ttft-p90<500ms', 'Input "slo": "ttft-p90" is not measured; "ttft" has p50, p95 and p99.'],
    ['troughput>3', 'Input "slo": "troughput" is not known; did you mean "throughput"?'],
    ['success_rate>99%', 'Input "slo": "success_rate" is not known; did you mean "success-rate"?'],
    [
      'ttft-p95>500ms',
      'Input "slo": "ttft-p95>500ms" has the wrong direction: "ttft-p95" must stay below its limit, so write <.',
    ],
    [
      'throughput<=3',
      'Input "slo": "throughput<=3" has the wrong direction: "throughput" must exceed its limit, so write >.',
    ],
    [
      'ttft-p95<500',
      'Input "slo": "ttft-p95<500" has a wrong value: "ttft-p95" takes a duration of at most 10m with its unit, such as 500ms or 2s.',
    ],
    [
      'ttft-p95=500ms',
      'Input "slo": "ttft-p95=500ms" has a wrong value: "ttft-p95" takes a duration of at most 10m with its unit, such as 500ms or 2s.',
    ],
    [
      'throughput>300 tokens/s',
      'Input "slo": "throughput>300 tokens/s" has a wrong value: "throughput" takes requests per second, such as 30 or 30 req/s.',
    ],
    [
      'success-rate>0.999',
      'Input "slo": "success-rate>0.999" has a wrong value: "success-rate" takes a percentage above 0% and below 100%, such as 99.9%.',
    ],
    [
      'success-rate>100%',
      'Input "slo": "success-rate>100%" has a wrong value: "success-rate" takes a percentage above 0% and below 100%, such as 99.9%.',
    ],
    [
      'cost-per-million-tokens<2',
      'Input "slo": "cost-per-million-tokens<2" has a wrong value: "cost-per-million-tokens" takes US dollars with their sign, such as $2 or $0.80.',
    ],
    ['ttft-p95<1s, ttft-p95<2s', 'Input "slo": "ttft-p95" has more than one limit; give one.'],
    ['500ms', 'Input "slo": "500ms" is not a limit; write one such as ttft-p95<500ms.'],
  ])('%s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('are all named at once', () => {
    expect(problemsOf('ttft-p95>500ms, goodput, speed>3, throughput>1,000')).toHaveLength(4);
  });

  it.each([
    [
      'ttft-p95<1s, goodput>3',
      { 'latency-duration': '0s' },
      /limits "ttft-p95", "goodput", which "latency-duration: 0s"/,
    ],
    ['e2e-p50<1s', { 'latency-duration': '0m' }, /"e2e-p50"/],
    ['goodput>3', { 'goodput-slo': 'off' }, /"goodput", which "goodput-slo: off" leaves unmeasured\.$/],
    ['tpot-p50<1s, itl-p50<1s', { 'max-tokens': '1' }, /"tpot-p50", "itl-p50", which answers of one token do not have/],
  ])('%s beside an input that leaves it unmeasured', (text, more, problem) => {
    const problems = problemsOf(text, more);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it('leave the others unmeasured without a word', () => {
    expect(problemsOf('throughput>3, success-rate>99%', { 'latency-duration': '0s', 'goodput-slo': 'off' })).toEqual(
      [],
    );
    expect(problemsOf('ttft-p50<1s', { 'goodput-slo': 'off', 'max-tokens': '1' })).toEqual([]);
  });

  it('are refused with a sentence whatever the text is, and never accepted as none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom(...Object.keys(SLO)), (noise, name) => {
        for (const text of [noise, `${name}${noise}`, `${name}<${noise}`]) {
          const parsed = parse(text);
          if ('problems' in parsed)
            expect(parsed.problems.every((each) => /^Input "slo".*[.?]$/s.test(each))).toBe(true);
          else expect(parsed.inputs.slo.length > 0 || /^[\s,]*$/.test(text)).toBe(true);
        }
      }),
    );
  });
});
