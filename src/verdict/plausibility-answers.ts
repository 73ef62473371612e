import { percentUpTo, upTo } from '../lib/number.ts';
import type { ArmName } from '../report/model.ts';
import type { AnswerEvidence, ArmDifference, Tell } from './evidence.ts';
import { LIMITS } from './limits.ts';

/** Whether the answers of an arm have text for the tokens that they report; `chars` is per token. */
export function judgeText(title: string, chars: number | null, veto: Tell): void {
  if (chars === null || chars >= LIMITS.fewestTextChars) return;
  veto(
    'no-text',
    `Answers of the ${title} have ${upTo(chars, 2)} characters of text for each token that they report (least: ` +
      `${LIMITS.fewestTextChars}): nothing shows that the tokens were generated.`,
  );
}

/**
 * What the answers show of the work behind them. It does not rest on the replicas' counters, so that a server which
 * reports more than it does has to lie here as well.
 */
export function judgeAnswers(
  { arms, promptTokens, textChars }: AnswerEvidence,
  armTitle: Record<ArmName, string>,
  veto: Tell,
): void {
  for (const name of ['one', 'all'] as const) {
    const { promptBytesPerToken: bytes, textCharsPerToken } = arms[name];
    judgeText(armTitle[name], textCharsPerToken, veto);
    if (bytes !== null && bytes > LIMITS.mostPromptBytes) {
      veto(
        'prompt-length',
        `Answers of the ${armTitle[name]} report one prompt token for ${upTo(bytes, 1)} bytes of prompt (most: ` +
          `${LIMITS.mostPromptBytes}): the prompts were not read as they were sent.`,
      );
    }
  }
  if (promptTokens && isReal(promptTokens, LIMITS.promptTokens)) {
    veto(
      'prompt-length',
      `Prompts of equal length had ${upTo(promptTokens.one, 1)} tokens for one replica and ${upTo(promptTokens.all, 1)} for ` +
        `all (${signed(promptTokens)}; the limit is ${percentUpTo(LIMITS.promptTokens)}), so the arms did not read the same.`,
    );
  }
  if (textChars && isReal(textChars, LIMITS.answerText)) {
    veto(
      'answer-text',
      `Answers to prompts of equal length had ${upTo(textChars.one, 1)} characters from one replica and ` +
        `${upTo(textChars.all, 1)} from all (${signed(textChars)}; the limit is ${percentUpTo(LIMITS.answerText)}), although ` +
        'they report the same number of tokens.',
    );
  }
}

function isReal({ share, chance }: ArmDifference, limit: number): boolean {
  return Math.abs(share) > limit && chance < LIMITS.differenceByChance;
}

function signed({ share }: ArmDifference): string {
  return `${share > 0 ? '+' : '−'}${percentUpTo(Math.abs(share))}`;
}
