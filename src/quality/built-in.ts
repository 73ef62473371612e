import { arithmeticQuestion } from './arithmetic.ts';
import { createDraw } from './draw.ts';
import { jsonQuestion } from './json.ts';
import { type QualityTask, USUAL_MAX_TOKENS } from './task.ts';
import { textQuestion } from './texts.ts';

/** Names the set in the report: runs that have the same name had the same tasks. */
export const BUILT_IN_NAME = 'built-in v1';

const SEED = 'tpu-serving-gate/quality/v1';
const OF_EACH_KIND = 100;

/** What an answer is to look like, by kind. */
const FORM = {
  arithmetic: 'Reply with the number alone.',
  text: 'Reply with the result alone, without quotation marks.',
  json: 'Reply with the JSON alone.',
} as const;

/**
 * The built-in tasks: 100 word problems, 100 changes of texts and lists, 100 sentences to write as JSON. They follow from
 * the seed alone, and no two have the same text.
 */
export function builtInTasks(seed: string = SEED): QualityTask[] {
  const seen = new Set<string>();
  return (['arithmetic', 'text', 'json'] as const).flatMap((kind) => {
    const draw = createDraw(`${seed}/${kind}`);
    return Array.from({ length: OF_EACH_KIND }, (_, index): QualityTask => {
      for (;;) {
        const { question, expected } = drawn(kind, draw, index);
        if (seen.has(question)) continue;
        seen.add(question);
        const messages = [{ role: 'user' as const, content: `${question}\n${FORM[kind]}` }];
        return { id: `${kind}-${index + 1}`, kind, messages, expected, maxTokens: USUAL_MAX_TOKENS };
      }
    });
  });
}

function drawn(
  kind: 'arithmetic' | 'text' | 'json',
  draw: ReturnType<typeof createDraw>,
  turn: number,
): Pick<QualityTask, 'expected'> & { question: string } {
  if (kind === 'json') {
    const { question, json } = jsonQuestion(draw, turn);
    return { question, expected: { json } };
  }
  const { question, answer } = (kind === 'text' ? textQuestion : arithmeticQuestion)(draw, turn);
  return { question, expected: { texts: [answer] } };
}
