import { assetsFolder, HOW_TO_GET_ASSETS } from '../lab/apiserver/assets.ts';
import { missingParts } from '../lab/stack/assets.ts';
import { chromiumPath, HOW_TO_GET_CHROMIUM } from './browser/chromium.ts';
import { HOW_TO_GET_PYTHON, hasPython } from './e2e/require-python.ts';
import { HOW_TO_GET_STACK } from './stack/require-stack.ts';
import { HOW_TO_GET_TOOLS, hasTools } from './tools/require-tools.ts';
import { HOW_TO_GET_VLLM, vllmAssets } from './vllm/server.ts';
import { HOW_TO_GET_ACT, hasAct } from './workflows/require-act.ts';

/** Says at the start of `npm test` what it leaves out. */
export function setup(): void {
  if (!hasPython()) {
    console.log(`NOT RUN: the command line at a terminal (test/e2e/terminal.test.ts). ${HOW_TO_GET_PYTHON}`);
  }
  const cluster = assetsFolder(process.env) ? 'They run with: npm run test:cluster' : HOW_TO_GET_ASSETS;
  console.log(`NOT RUN: the tests on a real kube-apiserver (test/cluster). ${cluster}`);
  const browser = chromiumPath() ? 'They run with: npm run test:browser' : HOW_TO_GET_CHROMIUM;
  console.log(`NOT RUN: the tests of the page in a browser (test/browser). ${browser}`);
  const stack =
    missingParts(process.env.STACK_ASSETS ?? null).length === 0
      ? 'They run with: npm run test:stack'
      : HOW_TO_GET_STACK;
  console.log(`NOT RUN: the tests on a stack of real parts (test/stack). ${stack}`);
  const vllm = vllmAssets(process.env) ? 'They run with: npm run test:vllm' : HOW_TO_GET_VLLM;
  console.log(`NOT RUN: the tests on vLLM (test/vllm). ${vllm}`);
  const tools = hasTools() ? 'They run with: npm run test:tools' : HOW_TO_GET_TOOLS;
  console.log(`NOT RUN: what kubectl and gcloud make of the lab (test/tools, lab/test/tools). ${tools}`);
  const workflows = hasAct() ? 'They run with: npm run test:workflows' : HOW_TO_GET_ACT;
  console.log(`NOT RUN: the workflows as a whole (test/workflows). ${workflows}`);
}
