import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';
import { BUILTIN_TYPES } from '../../lab/kube/builtin-types.ts';
import { type Generated, generateBuiltinTypes } from '../../scripts/builtin-types/generate.ts';
import { withoutGo } from '../../scripts/builtin-types/table.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const pinned = /^kubernetes=(\S+)$/m.exec(read('scripts/kube-assets'))?.[1];

let kube: RealKube;
let version: string;
let generated: Generated;
beforeAll(async () => {
  kube = await startApiServer();
  version = (await kube.ask('GET', '/version')).body.gitVersion;
  if (version !== `v${pinned}`) {
    console.warn(`NOT CHECKED: the table of built-in types is from v${pinned}, this API server is ${version}.`);
  }
  generated = await generateBuiltinTypes(kube);
  if ('missing' in generated.file) {
    console.warn(`NOT CHECKED: numbers and pointers in the table of built-in types. ${generated.file.missing}`);
  }
});
afterAll(() => kube?.stop());

it("has the fields of the API server's OpenAPI documents in the table of built-in types", ({ skip }) => {
  if (version !== `v${pinned}`) skip('another version of Kubernetes');
  const fields = (types: Iterable<[string, string]>) =>
    Object.fromEntries([...types].map(([name, line]) => [name, withoutGo(line)]));
  expect(fields(Object.entries(BUILTIN_TYPES))).toEqual(fields(generated.types));
});

it('has the table of built-in types byte for byte as scripts/builtin-types.ts writes it', ({ skip }) => {
  if (version !== `v${pinned}`) skip('another version of Kubernetes');
  if ('missing' in generated.file) return skip('no Go modules');
  expect(read('lab/kube/builtin-types.ts')).toBe(generated.file.text);
});
