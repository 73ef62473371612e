/** Variables by which the tools of Google Cloud name a project, in order of precedence. */
export const PROJECT_ENV = ['CLOUDSDK_CORE_PROJECT', 'GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT', 'GCP_PROJECT'] as const;

/** The ID of a project, with the domain of an old one before it. */
export const PROJECT_ID = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{2,28}[a-z0-9]$/;

/** A zone or a region. */
export const LOCATION = /^[a-z]+-[a-z]+\d+(-[a-z])?$/;

/** The name of a GKE cluster. */
export const CLUSTER_NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** The parts of a full name of a cluster, `projects/P/locations/L/clusters/C`; null for any other text. */
export function clusterParts(text: string): { project: string; location: string; cluster: string } | null {
  const match = /^projects\/([^/]+)\/(?:locations|zones|regions)\/([^/]+)\/clusters\/([^/]+)$/.exec(text);
  const [, project, location, cluster] = match ?? [];
  return project && location && cluster ? { project, location, cluster } : null;
}
