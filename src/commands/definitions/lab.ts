import { nearest } from '../../lib/suggest.ts';
import { ignoreInterrupts } from '../../pipeline/signals.ts';
import { type Command, type Flags, parseFlags, refuse } from '../command.ts';

/** The names of the lab's scenarios. */
async function scenarios(): Promise<readonly string[]> {
  const { SCENARIOS } = await import('../../../lab/scenarios/scenarios.ts');
  return Object.keys(SCENARIOS);
}

/** The versions of KServe that the lab plays. */
async function kserveVersions(): Promise<readonly string[]> {
  const { KSERVE_VERSIONS } = await import('../../../lab/cluster/kserve-versions.ts');
  return KSERVE_VERSIONS;
}

const LAB_FLAGS = {
  scenario: { value: 'NAME', default: 'pass', choices: scenarios, description: 'What goes wrong in the lab.' },
  kserve: {
    value: 'NAME',
    default: 'odh-v0.15',
    choices: kserveVersions,
    description: "The controller of KServe: ODH's v0.15, or upstream's v0.17 or v0.20.",
  },
  'time-scale': {
    value: 'NUMBER',
    default: '20',
    description: "How many times faster the lab's clock runs, from 1 to 100.",
  },
} as const satisfies Flags;

const REHEARSE_FLAGS = {
  ...LAB_FLAGS,
  'time-scale': {
    value: 'NUMBER',
    description:
      "How many times faster the lab's clock runs, from 1 to 100 (default 50, with --kube real 20, with --stack real 10, with --engine vllm 3).",
  },
  'inference-scale': {
    value: 'NUMBER',
    description:
      'The same for inference alone, which the machine must keep up with (default as --time-scale, and at most 20 without it).',
  },
  kube: {
    value: 'NAME',
    default: 'lab',
    choices: ['lab', 'real'],
    description: "The lab's own API server, or `real` for kube-apiserver and etcd.",
  },
  stack: {
    value: 'NAME',
    default: 'lab',
    choices: ['lab', 'real'],
    description:
      "The lab's own parts, or `real` for kube-apiserver, etcd, KServe, istiod, Envoy and endpoint picker, of scripts/stack-assets.",
  },
  engine: {
    value: 'NAME',
    default: 'lab',
    choices: ['lab', 'vllm'],
    description:
      "The lab's own replicas, or `vllm` for vLLM on the CPU, of scripts/vllm-assets; the latter with --stack real.",
  },
  'output-dir': { value: 'FOLDER', default: 'rehearsal', description: 'Folder for the result files of the run.' },
} as const satisfies Flags;

/** `rehearse`: a run against the lab. */
export const REHEARSE: Command = {
  name: 'rehearse',
  group: 'Try without a cloud',
  summary: 'a whole run against the embedded lab, without a cloud',
  details: [
    'Flags after "--" are given to the run itself.',
    'Exits as the run does, with 5 when the end is not what the scenario promises, or with 6 when this machine was too busy to measure.',
  ],
  flags: REHEARSE_FLAGS,
  examples: [
    'rehearse',
    'rehearse --scenario stockout',
    'rehearse --stack real',
    'rehearse --stack real --engine vllm',
    'rehearse --scenario pass -- --quiet',
  ],
  async run(args, { write }) {
    const { values, words } = parseFlags(REHEARSE_FLAGS, args, { words: args.includes('--') });
    const { scenario, kube, kserve, stack, engine, 'output-dir': outputDir } = values;
    const { 'time-scale': timeScale, 'inference-scale': inferenceScale } = values;
    const meant = await misspelt(scenario);
    if (meant) return refuse(meant);
    const { rehearse } = await import('../../../lab/rehearse.ts');
    const options = { scenario, kube, kserve, stack, engine, timeScale, inferenceScale, outputDir, gateFlags: words };
    // Of a run that writes JSON, stdout has nothing else.
    const isJson = words.includes('--json');
    const code = await rehearse(options, terminal(isJson ? (line) => process.stderr.write(`${line}\n`) : write));
    // Everything is released and removed: a late signal is not to take the place of the exit code.
    ignoreInterrupts();
    return code;
  },
};

const SERVE_FLAGS = {
  ...LAB_FLAGS,
  json: { description: 'Write what a client needs as one line of JSON.' },
} as const satisfies Flags;

/** `lab`: the lab without a run. */
export const LAB: Command = {
  name: 'lab',
  group: 'Try without a cloud',
  summary: 'the lab alone, for kubectl and gcloud',
  details: ['The lab runs until it is interrupted.'],
  flags: SERVE_FLAGS,
  examples: ['lab', 'lab --scenario stockout --time-scale 50'],
  async run(args, { write }) {
    const { values } = parseFlags(SERVE_FLAGS, args, { words: false });
    const { scenario, kserve, 'time-scale': timeScale, json } = values;
    const meant = await misspelt(scenario);
    if (meant) return refuse(meant);
    const { serveLab } = await import('../../../lab/serve.ts');
    return serveLab({ scenario, kserve, timeScale, json }, terminal(write));
  },
};

/** `lab-process`: one process of the lab, which its parent starts. */
export const LAB_PROCESS: Command = {
  name: 'lab-process',
  summary: 'one process of the lab',
  hidden: true,
  async run() {
    const { runLabProcess } = await import('../../../lab/process.ts');
    runLabProcess();
    return new Promise(() => {});
  },
};

/** A sentence for a scenario that is nearly one of the lab's; the lab refuses any other itself. */
async function misspelt(scenario: string): Promise<string | null> {
  const known = await scenarios();
  const near = known.includes(scenario) ? undefined : nearest(scenario, known);
  return near ? `Scenario "${scenario}" is not known; did you mean "${near}"?` : null;
}

const terminal = (write: (line: string) => void) => ({ module: process.argv[1] ?? '', write });
