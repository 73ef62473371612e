import { AFTER_LEASE_SCENARIOS, BEFORE_LEASE_SCENARIOS } from './before-lease.ts';
import { ANSWER_SCENARIOS } from './diagnosis/answers.ts';
import { CLUSTER_SCENARIOS } from './diagnosis/cluster.ts';
import { CONTAINER_END_SCENARIOS } from './diagnosis/container-ends.ts';
import { CONTROLLER_SCENARIOS } from './diagnosis/controllers.ts';
import { DOWNLOAD_SCENARIOS } from './diagnosis/download.ts';
import { GITHUB_SCENARIOS } from './diagnosis/github.ts';
import { GOOGLE_CALL_SCENARIOS } from './diagnosis/google-calls.ts';
import { GOOGLE_NODE_SCENARIOS } from './diagnosis/google-nodes.ts';
import { GOOGLE_TOKEN_SCENARIOS } from './diagnosis/google-tokens.ts';
import { IMAGE_SCENARIOS } from './diagnosis/images.ts';
import { INPUT_SCENARIOS } from './diagnosis/inputs.ts';
import { KUBE_CALL_SCENARIOS } from './diagnosis/kube-calls.ts';
import { MANIFEST_SCENARIOS } from './diagnosis/manifests.ts';
import { MODEL_SERVER_SCENARIOS } from './diagnosis/model-server.ts';
import { NETWORK_SCENARIOS } from './diagnosis/network.ts';
import { NODE_SCENARIOS } from './diagnosis/nodes.ts';
import { OUTSIDE_SCENARIOS } from './diagnosis/outside.ts';
import { PICKER_START_SCENARIOS } from './diagnosis/picker-start.ts';
import { SCHEDULING_SCENARIOS } from './diagnosis/scheduling.ts';
import { SECRET_SCENARIOS } from './diagnosis/secrets.ts';
import { SERVING_SCENARIOS } from './diagnosis/serving.ts';
import { PICKER_SCENARIOS } from './picker.ts';
import type { DiagnosisScenario } from './types.ts';

/** Every fault with the cause that must be named for it, in the order in which a run would meet them. */
export const DIAGNOSIS_SCENARIOS: readonly DiagnosisScenario[] = [
  ...GOOGLE_TOKEN_SCENARIOS,
  ...GOOGLE_CALL_SCENARIOS,
  ...INPUT_SCENARIOS,
  ...MANIFEST_SCENARIOS,
  ...BEFORE_LEASE_SCENARIOS,
  ...KUBE_CALL_SCENARIOS,
  ...SECRET_SCENARIOS,
  ...CLUSTER_SCENARIOS,
  ...GOOGLE_NODE_SCENARIOS,
  ...NODE_SCENARIOS,
  ...SCHEDULING_SCENARIOS,
  ...AFTER_LEASE_SCENARIOS,
  ...IMAGE_SCENARIOS,
  ...DOWNLOAD_SCENARIOS,
  ...MODEL_SERVER_SCENARIOS,
  ...PICKER_START_SCENARIOS,
  ...CONTAINER_END_SCENARIOS,
  ...CONTROLLER_SCENARIOS,
  ...NETWORK_SCENARIOS,
  ...SERVING_SCENARIOS,
  ...ANSWER_SCENARIOS,
  ...PICKER_SCENARIOS,
  ...OUTSIDE_SCENARIOS,
  ...GITHUB_SCENARIOS,
];
