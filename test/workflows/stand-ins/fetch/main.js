// Copies what an earlier step or job has stored.
const { cpSync, existsSync, readdirSync } = require('node:fs');
const { join, resolve } = require('node:path');

const given = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? '';
const store = process.env.STAND_IN_STORE;
const to = resolve(process.env.GITHUB_WORKSPACE ?? '.', given('path'));
const begins = given('restore-keys').trim();
const name = given('name') || readdirSync(store).find((each) => begins !== '' && each.startsWith(begins));
if (name && existsSync(join(store, name))) cpSync(join(store, name), to, { recursive: true });
else if (given('name')) {
  console.log(`::error::no artifact is called ${given('name')}`);
  process.exitCode = 1;
}
