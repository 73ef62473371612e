import { place } from '../parsers/place.ts';
import type { InputRow } from '../row.ts';

/** Which cluster. */
export const PLACE = {
  cluster: {
    group: 'place',
    fields: place,
    aliases: ['cluster_name'],
    description: 'GKE cluster, by name or as `projects/P/locations/L/clusters/C`.',
  },
  'project-id': {
    group: 'place',
    partOf: 'cluster',
    aliases: ['project_id'],
    description: [
      'Google Cloud project ID. Default: the project of `cluster`, or the one that google-github-actions/auth has',
      'exported.',
    ].join(' '),
  },
  location: {
    group: 'place',
    partOf: 'cluster',
    description: 'Zone or region of the cluster, such as `europe-west4-a`. Not needed with a full cluster name.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
