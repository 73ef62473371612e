#!/usr/bin/env node
if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error('tpu-serving-gate needs Node 24 or newer; this is ' + process.version + '. Install it: nvm install 24');
  process.exit(2);
}
require('./bundle/index.js').run('cli');
