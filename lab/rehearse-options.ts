import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { assetsFolder, HOW_TO_GET_ASSETS } from './apiserver/assets.ts';
import { type KserveVersion, kserveVersion, unknownKserve } from './cluster/kserve-versions.ts';
import { SCENARIOS, type Scenario } from './scenarios/scenarios.ts';
import { missingParts } from './stack/assets.ts';
import { unplayable } from './stack/playable.ts';
import { hasVllm } from './stack/vllm.ts';

export interface RehearseOptions {
  scenario: string;
  /** `lab` for the lab's own API server, `real` for kube-apiserver and etcd. */
  kube: string;
  /** The lab's controller of KServe: `odh-v0.15`, `v0.17` or `v0.20`. */
  kserve: string;
  /** `real` for KServe, istiod, Envoy and endpoint picker as processes, with kube-apiserver and etcd. */
  stack: string;
  /** `lab` for the lab's own replicas, `vllm` for vLLM on the CPU; the latter on the real stack only. */
  engine: string;
  /** Undefined for a scale that fits the stack. */
  timeScale: string | undefined;
  /** Undefined for that of all else where one is given, and otherwise for one that this machine's engines can follow. */
  inferenceScale: string | undefined;
  outputDir: string;
  gateFlags: string[];
}

/** Options that can be played. */
export interface Rehearsal {
  scenario: Scenario;
  timeScale: number;
  inferenceScale: number;
  /** The lab's controller of KServe. */
  kserve: KserveVersion;
  /** Folder with kube-apiserver and etcd; null for the lab's own API server. */
  kubeAssets: string | null;
  /** Folder of the real parts; null for the lab's own. */
  stackAssets: string | null;
  /** Folder of vLLM; null for the lab's own replicas. */
  vllmAssets: string | null;
}

/**
 * The real parts share the machine's cores with the load, so cluster time runs more slowly with them. Inference is the work
 * of the lab's engines: they can follow a clock that runs 20 times faster on two cores, while nodes come and go at any pace.
 */
const TIME_SCALES: Record<string, number> = { lab: 50, real: 10 };
const INFERENCE_SCALES: Record<string, number> = { lab: 20, real: 10 };
/** A real API server follows provisioning no faster than the lab's engines follow the load. */
const REAL_API_TIME_SCALE = 20;
/** Three of vLLM take minutes to start on two cores, and a startup probe's 25 minutes pass in cluster time. */
const VLLM_TIME_SCALE = 3;

/**
 * Checks the options. Returns what to play, or a sentence for the person who gave them. `root` is the folder of the
 * project.
 */
export function readOptions(options: RehearseOptions, root: string): Rehearsal | string {
  const scenario = SCENARIOS[options.scenario];
  if (!scenario) {
    return `Scenario "${options.scenario}" is not known; allowed: ${Object.keys(SCENARIOS).join(', ')}.`;
  }
  const usual = usualTimeScale(options);
  const timeScale = Number(options.timeScale ?? usual);
  if (options.stack !== 'lab' && options.stack !== 'real') {
    return `Stack "${options.stack}" is not known; allowed: lab, real.`;
  }
  const usualInference =
    options.timeScale === undefined && options.engine === 'lab' ? INFERENCE_SCALES[options.stack] : timeScale;
  const inferenceScale = Number(options.inferenceScale ?? usualInference);
  for (const [name, scale, given] of [
    ['Time', timeScale, options.timeScale],
    ['Inference', inferenceScale, options.inferenceScale],
  ] as const) {
    if (!(scale >= 1 && scale <= 100)) return `${name} scale "${given}" is not allowed; give a number from 1 to 100.`;
  }
  const clocks = { timeScale, inferenceScale };
  if (options.kube !== 'lab' && options.kube !== 'real') {
    return `Kubernetes API "${options.kube}" is not known; allowed: lab, real.`;
  }
  const kserve = kserveVersion(options.kserve);
  if (!kserve) return unknownKserve(options.kserve);
  if (options.engine !== 'lab' && options.engine !== 'vllm') {
    return `Engine "${options.engine}" is not known; allowed: lab, vllm.`;
  }
  const kubeAssets = options.kube === 'real' ? assetsFolder(process.env) : null;
  if (options.stack === 'lab') {
    if (options.engine === 'vllm') return 'Engine "vllm" serves on the stack of real parts only; add --stack real.';
    if (options.kube === 'real' && !kubeAssets) {
      return `There is no kube-apiserver to rehearse on. ${HOW_TO_GET_ASSETS}`;
    }
    return { ...clocks, scenario, kserve, kubeAssets, stackAssets: null, vllmAssets: null };
  }
  const faults = unplayable(scenario, SCENARIOS.pass!);
  if (faults.length > 0) {
    return `Scenario "${scenario.name}" needs the lab's own parts for ${faults.join(', ')}; rehearse it without --stack real.`;
  }
  const stackAssets = process.env.STACK_ASSETS || folderOfScript(root, 'stack-assets');
  const missing = missingParts(stackAssets);
  if (missing.length > 0 || stackAssets === null) {
    return (
      `The stack cannot start. Not here: ${missing.join(', ')}. ` +
      'Build or fetch the parts once, with Go and Python: scripts/stack-assets'
    );
  }
  const vllmAssets = options.engine === 'vllm' ? process.env.VLLM_ASSETS || folderOfScript(root, 'vllm-assets') : null;
  if (options.engine === 'vllm' && !hasVllm(vllmAssets)) {
    return 'vLLM is not here. Install it once, with Python (6 GB; needs AVX-512): scripts/vllm-assets';
  }
  return { ...clocks, scenario, kserve, kubeAssets: null, stackAssets, vllmAssets };
}

function usualTimeScale({ engine, kube, stack }: RehearseOptions): number | undefined {
  if (engine === 'vllm') return VLLM_TIME_SCALE;
  return kube === 'real' && stack === 'lab' ? REAL_API_TIME_SCALE : TIME_SCALES[stack];
}

/** Where a script puts what it makes in this version; null without the script. */
function folderOfScript(root: string, name: 'stack-assets' | 'vllm-assets'): string | null {
  try {
    return execFileSync(join(root, 'scripts', name), ['--where'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}
