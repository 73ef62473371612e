import type { Asker } from '../clients/runner/ask.ts';
import { ANSWER_ROWS, type AnswerName, type Answers, checkedAnswers } from './answers.ts';
import type { Candidates, World } from './discover.ts';
import { DEFAULT_MANIFESTS } from './files.ts';

/** Every answer, or a sentence for each that is missing. */
export type Resolved = { answers: Answers } | { problems: string[] };

interface Resolving {
  given: Partial<Answers>;
  world: World;
  /** Null where nobody is asked: then the only value there is counts. */
  asker: Asker | null;
  gate: string;
}

const NAMESPACE = 'llm-d-inference-scheduling';

/**
 * Completes the answers that were given: by the checkout, by gcloud's configuration, by the project and by the cluster.
 * Somebody at a terminal confirms each that was not given. Of a choice that nobody makes, the alternatives are named.
 */
export async function resolveAnswers({ given, world, asker, gate }: Resolving): Promise<Resolved> {
  const problems: string[] = [];
  const answers: Partial<Answers> = { ...given };
  const choose = async (name: AnswerName, found: () => Promise<Candidates>): Promise<string | null> => {
    if (answers[name] !== undefined) return answers[name];
    const choice = await chosen(name, await found(), asker);
    if ('problem' in choice) problems.push(choice.problem);
    else Object.assign(answers, choice.answers);
    return answers[name] ?? null;
  };
  const one = (value: string | null) => async () => ({ values: value === null ? [] : [value], problem: null });
  await choose('repository', one(await world.repository()));
  await choose('branch', one((await world.branch()) ?? 'main'));
  await choose('namespace', one(NAMESPACE));
  await choose('manifests', one(DEFAULT_MANIFESTS));
  answers.gate ??= gate;
  const project = await choose('project', one(await world.project()));
  if (project !== null) {
    await choose('projectNumber', () => world.projectNumber(project));
    await choosePlace(answers, problems, choose, world, project);
  }
  return problems.length > 0 ? { problems } : { answers: answers as Answers };
}

type Choose = (name: AnswerName, found: () => Promise<Candidates>) => Promise<string | null>;

async function choosePlace(
  answers: Partial<Answers>,
  problems: string[],
  choose: Choose,
  world: World,
  project: string,
): Promise<void> {
  // A cluster that was given by its name alone is looked for, since its zone is not known.
  const named = answers.cluster;
  if (named === undefined || answers.location === undefined) {
    delete answers.cluster;
    await choose('cluster', async () => {
      const { values, problem } = await world.clusters(project);
      const fits = (full: string) =>
        (named === undefined || full.endsWith(`/clusters/${named}`)) &&
        (answers.location === undefined || full.includes(`/locations/${answers.location}/`));
      return { values: values.filter(fits), problem };
    });
  }
  const { location, cluster, namespace } = answers;
  if (location === undefined || cluster === undefined) return;
  const place = { project, location, cluster };
  await choose('pool', () => world.pools(place));
  if (namespace !== undefined) await choose('gateway', () => world.gateways(place, namespace));
  else problems.push(`--${ANSWER_ROWS.gateway.flag} depends on --${ANSWER_ROWS.namespace.flag}.`);
}

type Choice = { answers: Partial<Answers> } | { problem: string };

async function chosen(name: AnswerName, { values, problem }: Candidates, asker: Asker | null): Promise<Choice> {
  const { flag, description } = ANSWER_ROWS[name];
  const [first, ...others] = values;
  if (asker === null) {
    if (first !== undefined && others.length === 0) return answered(name, first);
    const why = problem === null ? '' : `, and it cannot be looked up: ${problem}`;
    if (first === undefined) return { problem: `--${flag} is missing${why}.` };
    return { problem: `--${flag} is missing; there are ${values.join(', ')}.` };
  }
  const question = description.split('. Default')[0] ?? description;
  const list = others.length > 0 ? `\n${values.map((value, index) => `  ${index + 1}  ${value}`).join('\n')}\n` : ' ';
  const why = problem === null ? '' : ` (it cannot be looked up: ${problem})`;
  for (;;) {
    const line = await asker.ask(`${question}${why}.${list}${first === undefined ? '' : `[${first}] `}> `);
    if (line === null) return { problem: `--${flag} is missing: the answers ended.` };
    const text = line === '' ? (first ?? '') : (values[Number(line) - 1] ?? line);
    const choice = answered(name, text);
    if (!('problem' in choice)) return choice;
    asker.say(choice.problem);
  }
}

function answered(name: AnswerName, value: string): Choice {
  const checked = checkedAnswers({ [name]: value });
  return 'problems' in checked ? { problem: checked.problems.join(' ') } : { answers: checked.answers };
}
