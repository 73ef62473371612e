/** Where a command begins in a sentence of the gate: at its start, after a colon, a semicolon or one of a few words. */
const BEGIN = /(?<=^|[:;] |\b(?:[Ss]ee|or|Run) )(?:kubectl|gcloud|gh|helm) (?=-|[a-z])/g;
/** Where it ends: at a mark that prose goes on after, or at words that say what it shows. */
const END = /[;,.](?= |$)| (?:shows|lists|names|for KServe)\b|$/;

/** Sentences of the gate with the commands in them marked as code by backticks, as `prose` reads them. What is marked stays. */
export function withCommands(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : marked(part)))
    .join('');
}

function marked(text: string): string {
  let done = '';
  let from = 0;
  for (const { index } of text.matchAll(BEGIN)) {
    if (index < from) continue;
    const length = END.exec(text.slice(index))?.index ?? 0;
    done += `${text.slice(from, index)}\`${text.slice(index, index + length)}\``;
    from = index + length;
  }
  return done + text.slice(from);
}
