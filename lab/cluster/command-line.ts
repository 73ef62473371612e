/** What a container would run: the words of its command line, after the shell where it starts one. */

interface ContainerCommand {
  command?: string[];
  args?: string[];
  env?: { name: string; value?: string }[];
}

/**
 * The words of the vLLM server's command line that a container ends up running (`vllm serve …` or
 * `python3 -m vllm.entrypoints…`), or null when it runs something else. Reads `bash -c` scripts as far as starting a
 * server needs: quotes, line continuations, `$VAR`, `${VAR:-default}`, `"$@"`, `exec` and `eval`; not control flow.
 */
export function vllmCommand(container: ContainerCommand): string[] | null {
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  const env = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? '']));
  const shell = /(^|\/)(ba|da)?sh$/.test(words[0] ?? '') ? words.findIndex((word) => /^-\w*c$/.test(word)) : -1;
  if (shell === -1) return isVllm(words) ? words : null;
  // After `-c SCRIPT` comes $0, then $1 and on.
  return findInScript(words[shell + 1] ?? '', env, words.slice(shell + 3));
}

/** The value of a flag given as `--name=value` or `--name value`; the last one counts, as argparse and Go's flags do. */
export function flagValue(words: string[], name: string): string | undefined {
  let found: string | undefined;
  for (const [index, word] of words.entries()) {
    if (word.startsWith(`${name}=`)) found = word.slice(name.length + 1);
    else if (word === name) found = words[index + 1];
  }
  return found;
}

export function hasFlag(words: string[], name: string): boolean {
  return words.some((word) => word === name || word.startsWith(`${name}=`));
}

function isVllm(words: string[]): boolean {
  return /(^|\/)vllm$/.test(words[0] ?? '') || words.some((word) => word.startsWith('vllm.entrypoints.'));
}

function findInScript(script: string, env: Record<string, string>, positional: string[]): string[] | null {
  let found: string[] | null = null;
  for (const command of splitCommands(script, env, positional)) {
    let words = command;
    while (words[0] === 'exec') words = words.slice(1);
    if (words[0] === 'eval') found = findInScript(words.slice(1).join(' '), env, positional) ?? found;
    else if (isVllm(words)) found = words;
  }
  return found;
}

/** Splits a script into simple commands of words, with quotes removed and variables filled in. */
function splitCommands(script: string, env: Record<string, string>, positional: string[]): string[][] {
  const commands: string[][] = [[]];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  const endWord = () => {
    if (word !== null) commands[commands.length - 1]?.push(word);
    word = null;
  };
  const endCommand = () => {
    endWord();
    commands.push([]);
  };
  for (let at = 0; at < script.length; at += 1) {
    const char = script[at] as string;
    if (quote === "'") {
      if (char === "'") quote = null;
      else word = (word ?? '') + char;
    } else if (char === '\\') {
      at += 1;
      if (script[at] !== '\n') word = (word ?? '') + (script[at] ?? '');
    } else if (char === '"') {
      if (quote === null) word ??= '';
      quote = quote === '"' ? null : '"';
    } else if (char === '$') {
      const variable = readVariable(script.slice(at));
      at += variable.length - 1;
      if (variable.name === '@') {
        if (positional.length === 0 && word === '') word = null;
        for (const argument of positional) {
          word = (word ?? '') + argument;
          endWord();
        }
      } else {
        const value = variable.name === '' ? variable.text : env[variable.name] || variable.fallback;
        if (quote === '"') word = (word ?? '') + value;
        else {
          // Unquoted, the value falls apart at its blanks.
          const [first, ...more] = value.split(/\s+/);
          if (first) word = (word ?? '') + first;
          for (const part of more) {
            endWord();
            if (part) word = part;
          }
        }
      }
    } else if (quote === '"') {
      word = (word ?? '') + char;
    } else if (char === "'") {
      quote = "'";
      word ??= '';
    } else if (char === '#' && word === null) {
      while (at + 1 < script.length && script[at + 1] !== '\n') at += 1;
    } else if (char === '\n' || char === ';' || char === '&' || char === '|') {
      endCommand();
    } else if (/\s/.test(char)) {
      endWord();
    } else {
      word = (word ?? '') + char;
    }
  }
  endWord();
  return commands.filter((command) => command.length > 0);
}

function readVariable(text: string): { name: string; fallback: string; length: number; text: string } {
  const braced = /^\$\{(\w+)(?::?-([^}]*))?\}/.exec(text);
  if (braced)
    return { name: braced[1] as string, fallback: braced[2] ?? '', length: braced[0].length, text: braced[0] };
  const plain = /^\$(\w+|@)/.exec(text);
  if (plain) return { name: plain[1] as string, fallback: '', length: plain[0].length, text: plain[0] };
  return { name: '', fallback: '', length: 1, text: '$' };
}
