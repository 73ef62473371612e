import { type Sentence, sentencesOf } from './sentences.ts';

/** Words of the longest sentence that a page may have, and of a sentence on average. */
export const LIMITS = { longest: 30, mean: 15 } as const;

/** Turns of phrase that are no plain English here, and what to write in their place. */
const DIALECT: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bis none\b/i, '"is not one", or the fact'],
  [/\bof ours\b/i, 'the name of the thing'],
  [/\b(?:is|are|was|were|be|been|being) told\b/i, '"reports"'],
  [/\bg(?:ive|ives|ave|iven|iving)(?: (?!up\b)[\w’'-]+){0,4} back\b/i, '"release" or "return"'],
  [/\bwhat(?:ever)? (?:became|becomes) of\b/i, 'what happened'],
  [/\bthe way back\b/i, '"rollback"'],
  [/\bplays? (?:another|a|one) day\b/i, '"runs a scenario"'],
  [/\bspeed-up/i, '"speedup"'],
  [/\banew\b/i, '"again"'],
  [/\bin vain\b/i, 'what did not happen'],
  [/\bto who may\b|\bfor who\b|\bfor whoever\b/i, '"to those who" or a name'],
  [/\bnobody for anything\b/i, 'what is not done'],
  [/(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b|less\b|later\b|one\b)[a-z]+/i, '"is not a"'],
  [/\b(?:says?|said|tells?|told) (?:it|so)\b/i, '"reports", with its object'],
  [/\bwhat is around\b/i, 'the names of the things'],
  [/\bas is meant\b/i, '"as intended"'],
  [/\bbe it\b/i, '"whether"'],
  [/\bso as to\b/i, '"to"'],
];

/** How long the sentences of a page are, in words. The mean is over paragraphs and lists. */
export interface Figures {
  sentences: number;
  mean: number;
  longest: number;
}

/** Length of the sentences of a page. */
export function figuresOf(markdown: string): Figures {
  const all = sentencesOf(markdown);
  const prose = all.filter(({ isProse }) => isProse);
  const words = prose.reduce((sum, sentence) => sum + sentence.words, 0);
  return {
    sentences: prose.length,
    mean: prose.length === 0 ? 0 : words / prose.length,
    longest: Math.max(0, ...all.map((sentence) => sentence.words)),
  };
}

/** What breaks the rule in a page, as lines for a terminal that begin with `name`. */
export function offencesIn(name: string, markdown: string): string[] {
  const { mean } = figuresOf(markdown);
  const tooLong = `${name}: ${mean.toFixed(1)} words in a sentence on average, at most ${LIMITS.mean}.`;
  return [...(mean > LIMITS.mean ? [tooLong] : []), ...sentencesOf(markdown).flatMap((one) => offencesOf(name, one))];
}

function offencesOf(name: string, { text, line, words }: Sentence): string[] {
  const place = `${name}:${line}:`;
  const long = words > LIMITS.longest ? [`${place} ${words} words, at most ${LIMITS.longest}: ${text}`] : [];
  const dialect = DIALECT.flatMap(([pattern, instead]) => {
    const found = pattern.exec(text)?.[0];
    return found === undefined ? [] : [`${place} "${found}": write ${instead}.`];
  });
  return [...long, ...dialect];
}
