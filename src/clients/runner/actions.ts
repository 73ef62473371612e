import { appendFileSync } from 'node:fs';
import * as core from '@actions/core';
import type { InputSource } from '../../inputs/source.ts';
import { keepForStderr } from '../../lib/exit.ts';
import { errorText } from '../../lib/failure.ts';
import { createRedactor } from '../../lib/redact.ts';

/** The GitHub Actions toolkit, every text that leaves it redacted, behind what the gate needs of it. The only importer of `@actions/core`. */
export interface ActionsIo {
  inputs: InputSource;
  info(line: string): void;
  startGroup(title: string): void;
  endGroup(): void;
  error(message: string, properties?: { title?: string; file?: string; startLine?: number }): void;
  warning(message: string, title?: string): void;
  notice(message: string, title?: string): void;
  mask(secret: string): void;
  /** The text with every masked secret blanked, for files that the runner does not mask. */
  redact(text: string): string;
  /** Throws when the runner's file cannot be written. */
  setOutput(name: string, value: string): void;
  /** Appended synchronously, so that it survives a kill of this process. Throws when it cannot be written. */
  saveState(name: string, value: string): void;
  getState(name: string): string;
  /** A summary that cannot be written is a warning: what follows it, such as the command for a leak, matters more. */
  appendSummary(markdown: string): void;
}

export function createActionsIo(env: Readonly<Record<string, string | undefined>>): ActionsIo {
  const { register, redact } = createRedactor();
  return {
    inputs: {
      get: (name) => env[inputVariable(name)],
      given: Object.keys(env)
        .filter((key) => key.startsWith('INPUT_') && env[key] !== '')
        .map((key) => key.slice('INPUT_'.length).toLowerCase()),
      env,
    },
    info(line) {
      const text = redact(line);
      core.info(text);
      keepForStderr(text);
    },
    startGroup: (title) => core.startGroup(redact(title)),
    endGroup: () => core.endGroup(),
    error(message, properties) {
      const text = redact(message);
      core.error(text, properties);
      keepForStderr(text);
    },
    warning(message, title) {
      const text = redact(message);
      core.warning(text, title ? { title } : undefined);
      keepForStderr(text);
    },
    notice: (message, title) => core.notice(redact(message), title ? { title } : undefined),
    mask(secret) {
      if (register(secret)) core.setSecret(secret);
    },
    redact,
    setOutput: (name, value) => core.setOutput(name, redact(value)),
    saveState: (name, value) => core.saveState(name, redact(value)),
    getState: (name) => core.getState(name),
    appendSummary(markdown) {
      const file = env.GITHUB_STEP_SUMMARY;
      try {
        if (file) appendFileSync(file, `${redact(markdown)}\n`);
      } catch (error) {
        core.warning(redact(`The summary was not written: ${errorText(error)}`));
      }
    },
  };
}

/** The runner upper-cases and replaces spaces only: hyphens stay. */
function inputVariable(name: string): string {
  return `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`;
}
