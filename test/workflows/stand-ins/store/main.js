// Copies what the step names into a folder that the test reads.
const { cpSync, existsSync } = require('node:fs');
const { join, resolve } = require('node:path');

const given = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? '';
const from = resolve(process.env.GITHUB_WORKSPACE ?? '.', given('path'));
const name = given('name') || given('key') || 'github-pages';
if (existsSync(from)) cpSync(from, join(process.env.STAND_IN_STORE, name), { recursive: true });
else if (given('if-no-files-found') !== 'ignore') {
  console.log(`::error::${from} does not exist`);
  process.exitCode = 1;
}
