import { childName, type Labels } from './objects.ts';

/** Names and labels that the llmisvc controller of KServe gives to what it makes of a service, in every version. */

export const namesOf = (service: string) => ({
  workload: childName(service, '-kserve'),
  workloadService: childName(service, '-kserve-workload-svc'),
  scheduler: childName(service, '-kserve-router-scheduler'),
  schedulerService: childName(service, '-epp-service'),
  schedulerAccount: childName(service, '-epp-sa'),
  schedulerRole: childName(service, '-epp-role'),
  schedulerRoleBinding: childName(service, '-epp-rb'),
  model: childName(service, '-inference-model'),
  pool: childName(service, '-inference-pool'),
  route: childName(service, '-kserve-route'),
  certificates: childName(service, '-kserve-self-signed-certs'),
  schedulerRule: childName(service, '-kserve-scheduler'),
  poolRule: childName(service, '-kserve-workload'),
  workloadRule: childName(service, '-kserve-workload-svc'),
});

const common = (service: string): Labels => ({
  'app.kubernetes.io/name': service,
  'app.kubernetes.io/part-of': 'llminferenceservice',
});

export const componentLabels = (service: string, component: string): Labels => ({
  'app.kubernetes.io/component': component,
  ...common(service),
});

export const schedulerLabels = (service: string): Labels =>
  componentLabels(service, 'llminferenceservice-router-scheduler');

export const workloadLabels = (service: string): Labels => ({
  ...componentLabels(service, 'llminferenceservice-workload'),
  'kserve.io/component': 'workload',
  'llm-d.ai/role': 'both',
});

/** Selector of the workload Service and of the pool: the workload, never the scheduler, which has the same name label. */
export const workloadSelector = (service: string): Labels => ({
  ...common(service),
  'kserve.io/component': 'workload',
});
