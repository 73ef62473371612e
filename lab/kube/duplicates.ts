/**
 * Paths of the fields that a JSON text gives more than once, as strict decoding names them. The text has been parsed
 * before: it is well-formed.
 */
export function duplicateFields(text: string): string[] {
  const found: string[] = [];
  const frames: { path: string; names: Set<string> | null; index: number; name: string }[] = [];
  const pathOf = () => {
    const frame = frames.at(-1);
    if (!frame) return '';
    if (!frame.names) return `${frame.path}[${frame.index}]`;
    return frame.path ? `${frame.path}.${frame.name}` : frame.name;
  };
  for (const [token, isName] of tokens(text)) {
    const frame = frames.at(-1);
    if (token === '{') frames.push({ path: pathOf(), names: new Set(), index: 0, name: '' });
    else if (token === '[') frames.push({ path: pathOf(), names: null, index: 0, name: '' });
    else if (token === '}' || token === ']') frames.pop();
    else if (token === ',' && frame) frame.index += 1;
    else if (isName && frame?.names) {
      frame.name = JSON.parse(token) as string;
      if (frame.names.has(frame.name) && !found.includes(pathOf())) found.push(pathOf());
      frame.names.add(frame.name);
    }
  }
  return found;
}

/** Brackets, commas and strings; a string is a name when a colon follows. */
function* tokens(text: string): Generator<[string, boolean]> {
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const isName =
      match[0].startsWith('"') &&
      /^\s*:/.test(text.slice(match.index + match[0].length, match.index + match[0].length + 64));
    yield [match[0], isName];
  }
}
