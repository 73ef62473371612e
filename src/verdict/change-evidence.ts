import { percentUpTo, upTo } from '../lib/number.ts';
import type { ClientFigures, Finding } from '../report/model.ts';
import type { ArmEvidence, BlockEvidence } from './evidence.ts';
import { LIMITS } from './limits.ts';
import { ARM_TITLE, judgeArm, judgeClient } from './plausibility.ts';
import { judgeText } from './plausibility-answers.ts';
import { judgeCluster } from './plausibility-cluster.ts';

/** What the plausibility of a comparison of two stacks is judged from. */
export interface ChangeEvidence {
  arms: Record<'head' | 'base', ArmEvidence>;
  /** Whether the requests of each arm pass its endpoint picker. */
  pickers: Record<'head' | 'base', boolean>;
  /** Characters of text for each output token that the answers report; null where nothing can be computed. */
  textCharsPerToken: Record<'head' | 'base', number | null>;
  blocks: readonly BlockEvidence[];
  client: ClientFigures;
}

const ARMS = ['head', 'base'] as const;

/**
 * Whether a comparison of two stacks can be believed, whatever its ratio. Two stacks may differ in what two arms of one
 * stack may not: a changed tokenizer gives a prompt other tokens, a changed model another text. Those are figures, and no
 * vetoes.
 */
export function judgeChange(evidence: ChangeEvidence): { vetoes: Finding[]; warnings: Finding[] } {
  const vetoes: Finding[] = [];
  const warnings: Finding[] = [];
  const veto = (id: string, message: string) => void vetoes.push({ id, message });
  const warn = (id: string, message: string) => void warnings.push({ id, message });
  for (const name of ARMS) {
    judgeArm(ARM_TITLE[name], evidence.arms[name], veto, warn);
    judgeText(ARM_TITLE[name], evidence.textCharsPerToken[name], veto);
    const cached = evidence.arms[name].cachedTokenShare ?? 0;
    if (cached > LIMITS.cachedShare) {
      veto(
        'cache-hits',
        `${percentUpTo(cached)} of the prompt tokens of the ${ARM_TITLE[name]} came from the prefix cache, although the benchmark's prompts share nothing.`,
      );
    }
  }
  judgeBetween(evidence, veto);
  judgeClient(evidence, veto);
  judgeCluster(evidence, ARM_TITLE, veto, warn);
  return { vetoes, warnings };
}

function judgeBetween({ arms, pickers }: ChangeEvidence, veto: (id: string, message: string) => void): void {
  const [head, base] = [arms.head.meanOutputTokens, arms.base.meanOutputTokens];
  if (head !== null && base !== null && Math.abs(head / base - 1) > LIMITS.outputTokens) {
    veto(
      'output-length',
      `Answers had ${upTo(head, 1)} tokens from the stack under test and ${upTo(base, 1)} from the base stack (the limit is ${percentUpTo(LIMITS.outputTokens)} of difference): requests per second do not compare the same work.`,
    );
  }
  if (pickers.head !== pickers.base) {
    const asked = pickers.head ? 'stack under test' : 'base stack';
    veto(
      'picker-not-shared',
      `Requests pass the endpoint picker of the ${asked} alone, so the arms do not share its hop.`,
    );
  }
}
