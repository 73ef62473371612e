import { assetsFolder, HOW_TO_GET_ASSETS } from '../../src/lab/apiserver/assets.ts';

/** Says at the start of `npm test` what it leaves out. */
export function setup(): void {
  const how = assetsFolder(process.env) ? 'They run with: npm run test:cluster' : HOW_TO_GET_ASSETS;
  console.log(`NOT RUN: the tests on a real kube-apiserver (test/cluster). ${how}`);
}
