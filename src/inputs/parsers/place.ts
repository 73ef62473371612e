import { CLUSTER_NAME, clusterParts, LOCATION, PROJECT_ENV, PROJECT_ID } from '../../lib/place.ts';
import type { Parser } from '../row.ts';
import { shorten } from '../shorten.ts';

/** The cluster, where it is, and its project. */
export interface Place {
  projectId: string;
  location: string;
  cluster: string;
}

/** The place that `cluster`, `project-id`, `location` and the environment name together. */
export const place: Parser<Place> = ({ text, env, problem }) => {
  const [cluster, project, location] = [text('cluster'), text('project-id'), text('location')];
  const { project: fullProject, location: fullLocation, cluster: fullName } = clusterParts(cluster) ?? {};
  if (fullProject && project && fullProject !== project) {
    problem(`Inputs "cluster" (project ${fullProject}) and "project-id" (${project}) contradict each other.`);
  }
  if (fullLocation && location && fullLocation !== location) {
    problem(`Inputs "cluster" (location ${fullLocation}) and "location" (${location}) contradict each other.`);
  }
  const fromEnv = PROJECT_ENV.map((name) => env[name]).find((value) => value !== undefined && value !== '');
  const found = {
    projectId: fullProject ?? (project || fromEnv || ''),
    location: fullLocation ?? location,
    cluster: fullName ?? cluster,
  };
  for (const sentence of problemsOf(found)) problem(sentence);
  return found;
};

function problemsOf({ projectId, location, cluster }: Place): string[] {
  const problems: string[] = [];
  if (!cluster) problems.push('Input "cluster" is missing; give the name of the GKE cluster.');
  else if (!CLUSTER_NAME.test(cluster)) {
    problems.push(
      `Input "cluster" is "${shorten(cluster)}"; allowed: the name of a GKE cluster, or projects/P/locations/L/clusters/C.`,
    );
  }
  if (!location) {
    problems.push('Input "location" is missing; give the zone or region of the cluster, such as europe-west4-a.');
  } else if (!LOCATION.test(location)) {
    problems.push(`Input "location" is "${shorten(location)}"; allowed: a zone or region, such as europe-west4-a.`);
  }
  if (!projectId) {
    problems.push(
      `Input "project-id" is missing; give it, or run google-github-actions/auth before, which sets ${PROJECT_ENV[1]}.`,
    );
  } else if (!PROJECT_ID.test(projectId)) {
    problems.push(
      `Input "project-id" is "${shorten(projectId)}"; allowed: a project ID (not its number or display name).`,
    );
  }
  return problems;
}
