import { Failure } from '../../lib/failure.ts';
import { readWorkspaceFile } from './workspace-file.ts';

const MOST_BYTES = 16 * 1024 * 1024;
const MOST_TOLD = 5;

/**
 * The user's own prompts, from a JSON Lines file of the workspace: `{"prompt": "…"}` each, empty lines left out. Throws
 * one Failure that names the lines that are wrong; a file outside of the workspace, a link out of it included, is refused.
 */
export async function readPrompts(options: { path: string; root: string }): Promise<string[]> {
  const { path } = options;
  const text = await readWorkspaceFile({ input: 'prompts', ...options, mostBytes: MOST_BYTES, refused });
  const prompts: string[] = [];
  const wrong: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const prompt = promptOf(line);
    if (prompt === null) wrong.push(String(index + 1));
    else prompts.push(prompt);
  }
  if (wrong.length > 0) {
    const more = wrong.length > MOST_TOLD ? ` and ${wrong.length - MOST_TOLD} more` : '';
    throw refused(
      `${path}: line ${wrong.slice(0, MOST_TOLD).join(', ')}${more} ${wrong.length === 1 ? 'is' : 'are'} not {"prompt": "text"}.`,
    );
  }
  if (prompts.length === 0) throw refused(`${path} holds no prompt.`);
  return prompts;
}

function promptOf(line: string): string | null {
  try {
    const value: unknown = JSON.parse(line);
    const prompt = value !== null && typeof value === 'object' && 'prompt' in value ? value.prompt : null;
    return typeof prompt === 'string' && prompt.trim() !== '' ? prompt : null;
  } catch {
    return null;
  }
}

function refused(message: string): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'bad-prompts',
    message,
    hint: 'Give a file of JSON Lines with a "prompt" in each, or leave "prompts" out for unique prompts of "prompt-tokens" tokens.',
  });
}
