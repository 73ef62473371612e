import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * `npm run record:reasons`: the reasons that KServe, the Gateway API and its inference extension give for a condition, as
 * their sources have them, into test/fixtures/condition-reasons.json. It needs Go, and the modules or a way to them.
 */
const KSERVE = 'github.com/kserve/kserve@v0.20.0';
const OUTPUT = resolve(import.meta.dirname, '../test/fixtures/condition-reasons.json');

interface Reason {
  reason: string;
  /** The condition that it is of; null where the source does not say. */
  type: string | null;
  file: string;
}

interface Recording {
  module: string;
  reasons: Reason[];
}

const kserve = folderOf(KSERVE);
const recordings: Recording[] = [
  { module: KSERVE, reasons: kserveReasons(kserve) },
  ...[
    { name: 'sigs.k8s.io/gateway-api', part: 'apis/v1' },
    { name: 'sigs.k8s.io/gateway-api-inference-extension', part: 'api/v1' },
  ].map(({ name, part }) => {
    const module = `${name}@${requiredVersion(kserve, name)}`;
    return { module, reasons: declaredReasons(folderOf(module), part) };
  }),
];
for (const { module, reasons } of recordings) {
  // A source that was rearranged would make an empty fixture, and a test of nothing.
  if (reasons.length < 5) throw new Error(`${module}: only ${reasons.length} reasons found`);
  process.stdout.write(`${module}: ${reasons.length} reasons\n`);
}
writeFileSync(OUTPUT, `${JSON.stringify(recordings, null, 2)}\n`);

function folderOf(module: string): string {
  const answer = execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

function requiredVersion(folder: string, name: string): string {
  const found = new RegExp(`^\\s*${name} (v\\S+)`, 'm').exec(readFileSync(join(folder, 'go.mod'), 'utf8'));
  if (!found?.[1]) throw new Error(`${KSERVE} does not require ${name}`);
  return found[1];
}

function sourcesIn(folder: string, part: string): { file: string; text: string }[] {
  return readdirSync(join(folder, part))
    .filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
    .sort()
    .map((name) => ({ file: `${part}/${name}`, text: readFileSync(join(folder, part, name), 'utf8') }));
}

/** Every call that marks a condition of an LLMInferenceService as False. */
function kserveReasons(folder: string): Reason[] {
  const sources = [
    ...sourcesIn(folder, 'pkg/apis/serving/v1alpha2'),
    ...sourcesIn(folder, 'pkg/controller/v1alpha2/llmisvc'),
  ];
  const all = sources.map(({ text }) => text).join('\n');
  const constants = new Map(
    [...all.matchAll(/^\s*(?:const |var )?(\w+)(?: [\w.]+)?\s*=\s*"([^"]+)"/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  );
  const types = new Map(
    [...all.matchAll(/func \(in \*LLMInferenceService\) (Mark\w+NotReady)\(.*\n.*MarkFalse\((\w+),/g)].map(
      ([, method, type]) => [method, constants.get(type as string) ?? null],
    ),
  );
  /** A literal, a constant, or the name of another kind's condition such as `string(appsv1.DeploymentProgressing)`. */
  const reasonIn = (expression: string): string | undefined =>
    /^"([^"]+)"$/.exec(expression)?.[1] ??
    /^string\(\w+\.(?:Deployment|LeaderWorkerSet)(\w+)\)$/.exec(expression)?.[1] ??
    constants.get(expression);
  const found: Reason[] = [];
  for (const { file, text } of sources) {
    const add = (expression: string, type: string | null) => {
      const reason = reasonIn(expression);
      if (reason !== undefined) found.push({ reason, type, file });
    };
    for (const [, method, expression] of text.matchAll(/\.(Mark\w+NotReady)\(\s*("[^"]+"|\w+)/g)) {
      add(expression as string, types.get(method as string) ?? null);
    }
    for (const [, type, expression] of text.matchAll(/\.MarkFalse\((\w+), ("[^"]+")/g)) {
      add(expression as string, constants.get(type as string) ?? null);
    }
    for (const [, expression] of text.matchAll(/\bnotReady\(\s*("[^"]+"|string\([\w.]+\))/g)) {
      add(expression as string, null);
    }
  }
  return unique(found);
}

/** Constants of a type whose name ends in Reason, for routes, gateways, listeners and pools. */
function declaredReasons(folder: string, part: string): Reason[] {
  const constant = /^\s*(?:Route|Gateway|Listener|InferencePool)Reason\w+\s+\w*Reason\s*=\s*"([^"]+)"/gm;
  return unique(
    sourcesIn(folder, part).flatMap(({ file, text }) =>
      [...text.matchAll(constant)].map(([, reason]) => ({ reason: reason as string, type: null, file })),
    ),
  );
}

function unique(reasons: readonly Reason[]): Reason[] {
  const keyOf = ({ reason, type, file }: Reason) => `${reason} ${type} ${file}`;
  return [...new Map(reasons.map((one) => [keyOf(one), one])).values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
