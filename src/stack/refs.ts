/** The LLMInferenceService that a run is about. */
export interface ServiceRef {
  apiVersion: string;
  name: string;
  namespace: string;
  replicas: number;
  /** HTTPRoutes of its namespace that it names (`router.route.http.refs`); absent where KServe makes one. */
  routes?: readonly string[];
  /** The service of another stack of the run in the same namespace; what happens to that explains nothing of this one. */
  beside?: string;
}

/** A gateway by its place. */
export interface GatewayRef {
  namespace: string;
  name: string;
}
