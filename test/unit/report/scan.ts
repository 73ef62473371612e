/** Reads Markdown as GitHub does, just far enough to check that nothing escapes from where it was put. */

/** The text without fenced blocks, code spans and code elements: what GitHub searches for mentions and references. */
export function outsideCode(markdown: string): string {
  const lines: string[] = [];
  let fence: string | null = null;
  for (const line of markdown.split('\n')) {
    const text = line.replace(/^(> ?)+/, '');
    const run = /^`{3,}/.exec(text)?.[0];
    if (fence !== null) {
      if (run && run.length >= fence.length && text.trim() === run) fence = null;
      continue;
    }
    if (run) fence = run;
    else lines.push(line);
  }
  return lines
    .map(withoutSpans)
    .join('\n')
    .replace(/<code>.*?<\/code>/g, '␣');
}

/** Code spans out: a run of backticks up to the next run of the same length; a backslash protects one. */
function withoutSpans(line: string): string {
  const tokens = line.match(/\\.?|`+|[^\\`]+/g) ?? [];
  let text = '';
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as string;
    const close = token.startsWith('`') ? closing(tokens, at) : -1;
    text += close < 0 ? token : '␣';
    if (close > 0) at = close;
  }
  return text;
}

/** Inside a code span a backslash protects nothing, so an escaped backtick's run may end it too. */
function closing(tokens: string[], open: number): number {
  const wanted = (tokens[open] as string).length;
  for (let at = open + 1; at < tokens.length; at += 1) {
    const token = tokens[at] as string;
    const next = tokens[at + 1] ?? '';
    const run =
      token === '\\`' ? 1 + (next.startsWith('`') ? next.length : 0) : token.startsWith('`') ? token.length : 0;
    if (run === wanted) return run === token.length || token === '\\`' ? at : at + 1;
  }
  return -1;
}

/** Problems of structure: open fences and folds, ragged tables, elements or comments that are not ours. */
export function structureProblems(markdown: string): string[] {
  const problems: string[] = [];
  const text = outsideCode(markdown);
  if (openFence(markdown)) problems.push('a fence is left open');
  for (const tag of ['details', 'summary', 'sub', 'code']) {
    const opened = text.match(new RegExp(`<${tag}( open)?>`, 'g'))?.length ?? 0;
    const closed = text.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0;
    if (opened !== closed) problems.push(`${opened} <${tag}> but ${closed} </${tag}>`);
  }
  const foreign = text.match(/<(?!\/?(details( open)?|summary|sub)>|!-- tpu-serving-gate)[^\s][^\n]{0,20}/g) ?? [];
  problems.push(...foreign.map((tag) => `foreign element ${tag}`));
  for (const rows of tables(text)) {
    const widths = new Set(rows.map((row) => row.replace(/\\\|/g, '').split('|').length));
    if (widths.size > 1) problems.push(`ragged table: ${rows[0]}`);
  }
  return problems;
}

/** Mentions, references and links that GitHub would make of the text. */
export function linkedBits(markdown: string): string[] {
  const text = outsideCode(markdown)
    .replace(/<!--.*?-->/gs, '')
    .replace(
      /\]\(https:\/\/(?:github\.com\/o\/r|github\.com\/your-org\/tpu-serving-gate\/blob|o\.github\.io\/r)\/[^)]*\)/g,
      ']',
    );
  return text.match(/@[\p{L}\p{N}]\S*|(?<!&)#\d+|\bgh-\d+|\b[a-z]+:\/\/\S*|\bwww\.\S*|(?<!\\)\]\(\S*/giu) ?? [];
}

/** Contiguous table rows. */
export function tables(markdown: string): string[][] {
  const found: string[][] = [];
  let current: string[] = [];
  for (const line of [...markdown.split('\n'), '']) {
    if (line.startsWith('|')) current.push(line);
    else if (current.length > 0) {
      found.push(current);
      current = [];
    }
  }
  return found;
}

function openFence(markdown: string): boolean {
  let fence: string | null = null;
  for (const line of markdown.split('\n')) {
    const text = line.replace(/^(> ?)+/, '');
    const run = /^`{3,}/.exec(text)?.[0];
    if (fence === null && run) fence = run;
    else if (fence !== null && run && run.length >= fence.length && text.trim() === run) fence = null;
  }
  return fence !== null;
}
