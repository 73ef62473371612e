import { type CommandCalls, createCommandCalls } from '../clients/github/command-calls.ts';
import { timerWait } from '../clients/github/retry.ts';
import type { ActionsIo } from '../clients/runner/actions.ts';
import { type CommandComment, commandComment, runIdentity } from '../clients/runner/identity.ts';
import { type CommandInputs, parseCommandInputs } from '../inputs/command.ts';
import { measureCommand } from '../inputs/measure-command.ts';
import { adviceText } from '../lib/failure.ts';
import { refuseInputs, setOutputs } from '../pipeline/action-outputs.ts';
import { interruptSignal } from '../pipeline/signals.ts';
import { type CommandEnd, endOfCommand } from '../report/command-end.ts';
import { logLine } from '../report/escape.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Permissions with which a comment may cost money. */
const WRITERS: readonly string[] = ['admin', 'write'];

/**
 * Takes up the command that a comment on a pull request is, or closes it with the verdict. Leaves the commit, that of its
 * base and the options as outputs; empty ones where there is nothing to measure. Returns the exit code.
 */
export async function answerCommand(io: ActionsIo, env: Env, signal = interruptSignal()): Promise<number> {
  const parsed = parseCommandInputs(io.inputs);
  if ('problems' in parsed) return refuseInputs(io, parsed.problems);
  const { inputs } = parsed;
  io.mask(inputs.githubToken);
  const comment = commandComment(env);
  if (!comment)
    return refuseInputs(io, ['Mode "command" is for a comment on a pull request: the event issue_comment.']);
  const calls = createCommandCalls({
    token: inputs.githubToken,
    repository: env.GITHUB_REPOSITORY ?? '',
    apiUrl: env.GITHUB_API_URL,
    signal,
    wait: timerWait,
  });
  const { url } = runIdentity(env, { pullRequest: null });
  const at = { io, calls, comment, url };
  try {
    return inputs.commandVerdict === '' ? await take(at, env) : await conclude(at, inputs);
  } catch (error) {
    setOutputs(io, NOTHING);
    io.error(logLine(adviceText(error), 1_000), { title: 'Command' });
    return 1;
  }
}

const NOTHING = { mode: 'command', passed: 'false', changed: 'false' } as const;

interface Answering {
  io: ActionsIo;
  calls: CommandCalls;
  comment: CommandComment;
  /** Of this run. */
  url: string | null;
}

async function take({ io, calls, comment, url }: Answering, env: Env): Promise<number> {
  const command = measureCommand(comment.body);
  if (!command) {
    setOutputs(io, NOTHING);
    io.notice('The comment is not a command.', 'Command');
    return 0;
  }
  const refuse = async (sentence: string) => {
    setOutputs(io, NOTHING);
    io.notice(logLine(sentence, 500), 'Not measured');
    await calls.reply(comment.pullRequest, sentence);
    await warned(io, () => calls.react(comment.id, 'confused'));
    return 0;
  };
  if (!WRITERS.includes(await calls.permissionOf(comment.author))) {
    return refuse('`/measure` needs write access to this repository.');
  }
  if ('refusal' in command) return refuse(command.refusal);
  // Once: what is pushed later is not what was asked for.
  const { state, sha, headRepository, base } = await calls.ends(comment.pullRequest);
  if (state !== 'open') return refuse('`/measure` is for an open pull request.');
  if (headRepository?.toLowerCase() !== env.GITHUB_REPOSITORY?.toLowerCase()) {
    return refuse('A pull request from a fork is not measured: push its commits to a branch of this repository.');
  }
  const baseSha = await calls.mergeBase(base, sha);
  await warned(io, () => calls.react(comment.id, 'eyes'));
  await warned(io, () =>
    calls.setStatus(sha, { state: 'pending', description: 'Waits for a reviewer, then for the nodes.', url }),
  );
  setOutputs(io, {
    ...NOTHING,
    'head-sha': sha,
    'base-sha': baseSha,
    'command-options': JSON.stringify(command.options),
  });
  io.info(`Commit ${sha} is to be measured against ${baseSha}.`);
  return 0;
}

async function conclude({ io, calls, comment, url }: Answering, inputs: CommandInputs): Promise<number> {
  const { headSha, commandVerdict } = inputs;
  if (headSha === '') return refuseInputs(io, ['Input "command-verdict" needs "head-sha", the commit that it is of.']);
  const { state, reaction, description }: CommandEnd = endOfCommand(commandVerdict);
  setOutputs(io, { ...NOTHING, 'head-sha': headSha });
  await warned(io, () => calls.react(comment.id, reaction));
  await calls.setStatus(headSha, { state, description, url });
  return 0;
}

/** What is only a courtesy is a warning where it cannot be had. */
async function warned(io: ActionsIo, call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    io.warning(logLine(adviceText(error), 1_000), 'Command');
  }
}
