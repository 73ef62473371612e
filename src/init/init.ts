import type { Asker } from '../clients/runner/ask.ts';
import type { Answers } from './answers.ts';
import type { World } from './discover.ts';
import { filesOf } from './files.ts';
import { resolveAnswers } from './resolve.ts';
import { shippedStack } from './shipped.ts';
import { scriptOf, stepsOf } from './steps.ts';
import { writeAll } from './write.ts';

export interface InitOptions {
  given: Partial<Answers>;
  world: World;
  asker: Asker | null;
  /** The checkout that is written into. */
  root: string;
  /** Folder of the gate's own files. */
  packageRoot: string;
  /** `owner/name@ref` of this version of the gate. */
  gate: string;
  force: boolean;
  write: (line: string) => void;
}

/** How `init` ended: done, or a sentence for each thing that is missing or in the way. */
export type InitEnd = { problems: string[] } | { answers: Answers };

/** Finds out what it was not given, writes the workflows and the file of inputs, and writes the commands that are left to run. */
export async function init(options: InitOptions): Promise<InitEnd> {
  const { root, packageRoot, force, write } = options;
  const resolved = await resolveAnswers(options);
  if ('problems' in resolved) return resolved;
  const { answers } = resolved;
  const files = { ...filesOf(answers), ...(await shippedStack({ packageRoot, root, manifests: answers.manifests })) };
  const end = await writeAll(root, files, force);
  if ('differing' in end) {
    const sentence = (path: string) => `${path} is there and differs; nothing was written. --force replaces it.`;
    return { problems: end.differing.map(sentence) };
  }
  for (const { path, how } of end.written) write(`${how.padEnd(10)}${path}`);
  write('');
  write(`The workflows call ${answers.gate}.`);
  write('');
  write('Run these commands once, and then commit the files:');
  write('');
  write(scriptOf(stepsOf(answers)));
  write('');
  write('Protect the default branch, because its jobs may lease nodes. "tpu-serving-gate doctor" checks all of it.');
  return { answers };
}
