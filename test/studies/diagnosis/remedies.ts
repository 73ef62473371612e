import { GOOGLE_REFUSALS } from '../../../src/clients/google/refusals.ts';
import { TOKEN_REFUSALS } from '../../../src/clients/google/token-refusals.ts';
import { KUBE_REFUSALS } from '../../../src/clients/kubernetes/refusals.ts';
import { SERVING_REFUSALS } from '../../../src/clients/serving/refusals.ts';
import { emptyEvidence } from '../../../src/diagnosis/collect.ts';
import type { Evidence } from '../../../src/diagnosis/evidence.ts';
import { RULES } from '../../../src/diagnosis/rules/table.ts';
import { Failure } from '../../../src/lib/failure.ts';
import type { Report } from '../../../src/report/model.ts';

/** Stands for the hint of a stage, which no rule owns. */
const HINT = 'the hint of the stage';
/** Words in a row that two remedies must share. */
const PHRASE = 4;
/** Share of the shorter one's phrases from which a remedy is taken from another. */
const ALIKE = 0.5;
const NO_REFUSAL = { status: null, reasons: [], text: '' };

/** The evidence of a run that has nothing in it but its report, and a failure with this code. */
function bare(report: Report, code: string): Evidence {
  const failure = new Failure({ stage: 'ready', code, message: '', hint: HINT, evidence: {} });
  return { failure, report, cluster: emptyEvidence(), lines: [] };
}

/** One fault that has a cause before the lease and another after it, where the same advice is right for both. */
const SAME_FAULT: readonly (readonly string[])[] = [
  ['config.prompt-too-long', 'vllm.too-long'],
  ['kserve.no-controller', 'kserve.ignored'],
  ['pool.mismatch', 'pods.untolerated-taint'],
];

/** What a cause has its reader do. */
export interface Remedy {
  cause: string;
  text: string;
  phrases: ReadonlySet<string>;
}

const causes = new Map<string, string | null>();

/** The cause that a failure's code alone leads to; null where more evidence is needed. */
function causeOf(code: string, report: Report): string | null {
  if (!causes.has(code)) causes.set(code, RULES.find((one) => one.match(bare(report, code)))?.cause ?? null);
  return causes.get(code) ?? null;
}

/** The remedies of all causes, for the names of this run; without those that repeat the hint of a stage. */
export function remediesOf(report: Report): Remedy[] {
  const { project, location, cluster, namespace, service } = report.plan;
  const places = [
    ...GOOGLE_REFUSALS.map((row) => ({ ...row, text: row.remedy(NO_REFUSAL, { project, location, cluster }) })),
    ...TOKEN_REFUSALS.map((row) => ({
      ...row,
      text: row.remedy(NO_REFUSAL, { project, provider: null, account: null, workflow: false }),
    })),
    ...KUBE_REFUSALS.map((row) => ({ ...row, text: row.remedy(NO_REFUSAL, { namespace, kind: null, name: null }) })),
    ...SERVING_REFUSALS.map((row) => ({ ...row, text: row.remedy(NO_REFUSAL, { namespace, service: service ?? '' }) })),
  ];
  return [
    ...RULES.map((rule) => ({ cause: rule.cause, text: rule.remedy(bare(report, 'no-code')) })),
    ...places.flatMap(({ code, text }) => {
      const cause = causeOf(code, report);
      return cause === null ? [] : [{ cause, text }];
    }),
  ].flatMap(({ cause, text }) => (text === HINT ? [] : [{ cause, text, phrases: phrases(text) }]));
}

function phrases(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\w./@-]{2,}/g) ?? [];
  const count = Math.max(1, words.length - PHRASE + 1);
  return new Set(Array.from({ length: count }, (_, at) => words.slice(at, at + PHRASE).join(' ')));
}

/**
 * The causes whose remedy this is, by the phrases that both have; those with the most of them. Empty for a sentence of a
 * stage, which is no cause's.
 */
export function ownersOf(remedy: string, remedies: readonly Remedy[]): string[] {
  const own = phrases(remedy);
  const likeness = remedies.map(({ cause, phrases: theirs }) => {
    const shared = [...own].filter((one) => theirs.has(one)).length;
    return { cause, share: shared / Math.min(own.size, theirs.size) };
  });
  const most = Math.max(...likeness.map(({ share }) => share));
  if (most < ALIKE) return [];
  const best = likeness.filter(({ share }) => share === most).map(({ cause }) => cause);
  return [...new Set(best.flatMap((cause) => SAME_FAULT.find((group) => group.includes(cause)) ?? [cause]))];
}
