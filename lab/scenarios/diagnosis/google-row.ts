import { HTTP_STATUS } from '../../google/errors.ts';
import type { DiagnosisScenario } from '../types.ts';
import { error } from './shared.ts';

const PLACE = '/v1/projects/[^/]+/locations/[^/]+';
/** Calls of the Container API. Preflight asks for a pool that does not exist, which needs no nodes. */
const CALLS = {
  cluster: `GET ${PLACE}/clusters/[^/]+$`,
  resize: `POST ${PLACE}/clusters/[^/]+/nodePools/tpu-v6e-pool:setSize$`,
} as const;
/** A call that Google refuses, and what a reader must see of it. */
export interface GoogleRow {
  name: string;
  summary: string;
  cause: string;
  call: keyof typeof CALLS;
  status: keyof typeof HTTP_STATUS;
  /** Google's sentence. */
  words: string;
  /** `reason` of google.rpc.ErrorInfo; left out of old answers. */
  reason?: string;
  metadata?: Readonly<Record<string, string>>;
  /** Part of the sentence unless given. */
  shows?: string;
  remedy?: string;
  flags?: readonly string[];
  /** For how long, in wall time; once unless given, where it is a resize. */
  seconds?: number;
  outside?: true;
}

/** Calls of the Container API that are refused each time. */
export const refusedByGoogle = (rows: readonly GoogleRow[]): DiagnosisScenario[] =>
  rows.map(
    ({ name, summary, cause, call, status, words, reason, metadata, shows, remedy, flags, seconds, outside }) => ({
      name,
      summary,
      expect: error(cause),
      gcp: {
        refused: [
          {
            call: CALLS[call],
            status: HTTP_STATUS[status],
            // The release may resize: what keeps nodes from coming keeps none from going. A 403 is tried with a new token.
            ...(call === 'resize' && (seconds ? { seconds } : { times: status === 'PERMISSION_DENIED' ? 2 : 1 })),
            body: {
              error: {
                code: HTTP_STATUS[status],
                message: words,
                status,
                ...(reason && {
                  details: [
                    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata },
                  ],
                }),
              },
            },
          },
        ],
      },
      shows: [shows ?? words],
      ...(remedy && { remedy }),
      ...(flags && { flags }),
      ...(outside && { outside }),
    }),
  );
