/** `node scripts/docs.ts` writes the tables of README.md from action.yml and the lab's scenarios; `--check` compares them. */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { DAYS } from '../src/lab/scenarios.ts';
import { type ActionFile, inputsTable, outputsTable, replaceBetween, scenariosTable } from './docs/tables.ts';

const root = resolve(import.meta.dirname, '..');

async function docs(check: boolean): Promise<string> {
  const readme = resolve(root, 'README.md');
  const action = parse(await readFile(resolve(root, 'action.yml'), 'utf8')) as ActionFile;
  const before = await readFile(readme, 'utf8');
  const tables = {
    scenarios: scenariosTable(Object.values(DAYS)),
    inputs: inputsTable(action),
    outputs: outputsTable(action),
  };
  const after = Object.entries(tables).reduce((text, [name, table]) => replaceBetween(text, name, table), before);
  if (after === before) return 'The tables of README.md are current.';
  if (check) throw new Error('The tables of README.md are not current. Run "npm run docs" and commit README.md.');
  await writeFile(readme, after);
  return 'Wrote the tables of README.md.';
}

await docs(process.argv.includes('--check')).then(
  (message) => console.log(message),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
