import { nearest } from '../../lib/suggest.ts';
import { type Command, parseFlags, refuse } from '../command.ts';
import { exitCode } from '../exit-codes.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `completion`: a script that completes the command line in a shell. */
export const COMPLETION: Command = {
  name: 'completion',
  summary: 'a script that completes commands and flags in a shell',
  positionals: [{ name: 'SHELL', description: `One of ${SHELLS.join(', ')}.`, choices: SHELLS }],
  examples: [
    'completion bash > ~/.local/share/bash-completion/completions/tpu-serving-gate',
    'completion zsh > ~/.zfunc/_tpu-serving-gate',
    'completion fish > ~/.config/fish/completions/tpu-serving-gate.fish',
  ],
  async run(args, { commands, write }) {
    const [name = '', ...more] = parseFlags({}, args).words;
    const shell = SHELLS.find((known) => known === name);
    if (!shell || more.length > 0) {
      const near = more.length > 0 || shell ? undefined : nearest(name, SHELLS);
      return refuse(`Give one shell: ${SHELLS.join(', ')}.${near ? ` Did you mean "${near}"?` : ''}`);
    }
    const { completionScript } = await import('../completion/script.ts');
    write(await completionScript(shell, commands));
    return exitCode('pass');
  },
};
