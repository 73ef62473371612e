// Checks out a commit of the repository that the test has made.
const { execFileSync } = require('node:child_process');
const { mkdirSync } = require('node:fs');
const { resolve } = require('node:path');

const given = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? '';
const to = resolve(process.env.GITHUB_WORKSPACE ?? '.', given('path') || '.');
mkdirSync(to, { recursive: true });
const git = (...args) => execFileSync('git', args, { cwd: to, stdio: ['ignore', 'ignore', 'inherit'] });
git('init', '--quiet');
git('fetch', '--quiet', process.env.STAND_IN_SOURCE, given('ref'));
git('checkout', '--quiet', '--force', '--detach', 'FETCH_HEAD');
