/** House dialect in texts and comments of sources, and what to write in its place. Words may stand on two lines. */
const DIALECT: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/(?<!\bthere\s+)\bis\s+none\s+of\b/, '"is not one of"'],
  [/\bof\s+ours\b/, 'the name of the thing'],
  [/\b(?:is|are|was|were|be|been|being)\s+told\b/, '"is reported", or who gets what'],
  [/\b(?:given|give|gives|gave|giving)(?:\s+(?!up\b|as\b)[\w’'-]+){0,3}\s+back\b/, '"release" or "return"'],
  [/\bwhat(?:ever)?\s+(?:became|becomes)\s+of\b/, 'what happened'],
  [/\bthe\s+way\s+back\b/, '"rollback"'],
  [/\banew\b/, '"again"'],
  [/\bin\s+vain\b/, 'what did not happen'],
  [/\b(?:to|for|by)\s+who(?:ever)?\b/, '"to those who" or a name'],
  [/\bwhose\s+move\b/i, '"who acts"'],
  [/\b(?:says?|said|tells?)\s+so\b/, 'the fact'],
  [/(?:^|[.:;*])[ \t]+Answers\s+(?:the|whether|a|an|what|null|true|false)\b/m, '"Returns"'],
];

/** Dialect in the text of a source file, as lines for a terminal that begin with `name` and the line. */
export function offencesInSource(name: string, text: string): string[] {
  // The stars and slashes of a comment are spaces between its words; each keeps its place.
  const flat = text.replaceAll(/^[ \t]*(?:\*(?!\/)|\/\/)(?= )/gm, (mark) => ' '.repeat(mark.length));
  return DIALECT.flatMap(([pattern, instead]) =>
    [...flat.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))].map(({ 0: found, index }) => {
      const line = flat.slice(0, index).split('\n').length;
      return `${name}:${line}: "${found.trim().replaceAll(/\s+/g, ' ')}": write ${instead}.`;
    }),
  );
}
