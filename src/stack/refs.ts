/** The LLMInferenceService that a run is about. */
export interface ServiceRef {
  apiVersion: string;
  name: string;
  namespace: string;
  replicas: number;
  /** HTTPRoutes of its namespace that it names (`router.route.http.refs`); absent where KServe makes one. */
  routes?: readonly string[];
}

/** A gateway by its place. */
export interface GatewayRef {
  namespace: string;
  name: string;
}
