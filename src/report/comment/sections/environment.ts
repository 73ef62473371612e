import { code, html } from '../../escape.ts';
import { count, integer, plain } from '../../format.ts';
import type { Environment, Report } from '../../model.ts';
import { paragraphs, table } from '../markdown.ts';
import { podTable } from './evidence.ts';
import type { Detail, Section } from './section.ts';

const PODS_SHOWN: Record<Detail, number> = { comment: 12, summary: 200 };

/** All pods of the service, replicas and endpoint picker. */
export function pods(report: Report, detail: Detail): Section | null {
  if (report.pods.length === 0) return null;
  const ready = report.pods.filter((pod) => pod.totalContainers > 0 && pod.readyContainers === pod.totalContainers);
  const shown = report.pods.slice(0, PODS_SHOWN[detail]);
  const more = report.pods.length - shown.length;
  return {
    name: 'pods',
    summary: `Pods: ${ready.length} of ${report.pods.length} ready`,
    body: paragraphs([podTable(shown), more > 0 ? `${integer(more)} more not shown.` : null]),
    open: false,
  };
}

/** What the run found, as opposed to its inputs; a dash is not known. */
export function environment(report: Report): Section {
  const env = report.environment;
  const { plan } = report;
  const text = (value: string | null) => (value === null ? '–' : code(value));
  const number = plan.nodes === null ? '' : `${plan.nodes} × `;
  const machines =
    env.machineType === null ? 'machine type not known' : `${number}<code>${html(env.machineType, 60)}</code>`;
  return {
    name: 'environment',
    summary: `Environment: ${machines}, ${html(plan.location, 60)}`,
    body: table(
      ['', ''],
      ['left', 'left'],
      [
        ['Project, cluster', `${code(plan.project)}, ${code(plan.cluster)}`],
        ['Node pool', text(plan.nodePool)],
        ['TPU', tpu(env)],
        ['Kubernetes', text(env.kubernetesVersion)],
        ['Service', `${text(plan.service)} in ${code(plan.namespace)}`],
        ['LLMInferenceService API', text(env.serviceApiVersion)],
        ['InferencePool group', text(env.inferencePoolGroup)],
        ['Gateway', text(plan.gateway)],
        ['Model', text(env.modelId)],
        ['Prefix caching', prefixCaching(env)],
        ['vLLM image', text(env.vllmImage)],
        ['Endpoint picker image', text(env.pickerImage)],
        ['Scorers', scorers(env)],
        ['Manifests', code(plan.manifests)],
      ],
    ),
    open: false,
  };
}

function tpu(env: Environment): string {
  const topology = env.tpuTopology === null ? '–' : `topology ${code(env.tpuTopology, 40)}`;
  return env.chipsPerNode === null ? topology : `${topology}, ${count(env.chipsPerNode, 'chip')} per node`;
}

function prefixCaching(env: Environment): string {
  const state = env.prefixCaching === null ? 'not known' : env.prefixCaching ? 'on' : 'off';
  return env.blockSizeTokens === null ? state : `${state}, blocks of ${count(env.blockSizeTokens, 'token')}`;
}

function scorers(env: Environment): string {
  if (env.scorers === null) return '–';
  if (env.scorers.length === 0) return 'none';
  return env.scorers.map(({ name, weight }) => `${code(name, 80)} ${plain(weight)}`).join(', ');
}
