/** What was discovered; null means not known, never assumed. */
export interface Environment {
  machineType: string | null;
  chipsPerNode: number | null;
  tpuTopology: string | null;
  kubernetesVersion: string | null;
  serviceApiVersion: string | null;
  inferencePoolGroup: string | null;
  modelId: string | null;
  blockSizeTokens: number | null;
  prefixCaching: boolean | null;
  vllmImage: string | null;
  pickerImage: string | null;
  scorers: { name: string; weight: number }[] | null;
  endpoint: string | null;
  /** vLLM's command line as the manifest has it, on one line. */
  vllmArgs: string | null;
  istioVersion: string | null;
  kserveVersion: string | null;
  /** As the server reports it; absent in older reports, null where it does not. */
  vllmVersion?: string | null;
}

export interface PodSummary {
  name: string;
  role: 'replica' | 'endpoint-picker';
  node: string | null;
  readyContainers: number;
  totalContainers: number;
  restarts: number;
  phase: string;
  /** `Ready`, or what it waits for: `ImagePullBackOff`, `1/2 compiling`. Text from the cluster. */
  state: string;
  readyAfterMs: number | null;
  /** Of a Ready pod; absent where Kubernetes does not state all three. */
  times?: PodTimes;
  /** The image that the main container runs, as the kubelet names it, with its digest; absent where it is not known. */
  imageId?: string;
}

/** When a pod reached its steps, by the clock of the runner. Kubernetes states whole seconds. */
export interface PodTimes {
  /**
   * It had a node.
   * @format date-time
   */
  scheduledAt: string;
  /**
   * Its main container started: all images and files were there.
   * @format date-time
   */
  startedAt: string;
  /**
   * It was Ready.
   * @format date-time
   */
  readyAt: string;
}
