/** The LLMInferenceService that a run is about. */
export interface ServiceRef {
  apiVersion: string;
  name: string;
  namespace: string;
  replicas: number;
}

/** A gateway by its place. */
export interface GatewayRef {
  namespace: string;
  name: string;
}
