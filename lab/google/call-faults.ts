import type { CallFault } from '../scenarios/types.ts';
import { shapeOf } from './container-api.ts';
import { googleError } from './errors.ts';
import type { ApiRequest, Reply } from './http.ts';

const REPLIES: Record<Extract<CallFault, number>, () => Reply> = {
  429: () => googleError('RESOURCE_EXHAUSTED', "Quota exceeded for quota metric 'Requests' of the consumer."),
  500: () => googleError('INTERNAL', 'Internal error encountered.'),
  // A proxy's own page, not JSON of the API.
  502: () => ({ status: 502, body: 'Bad Gateway' }),
  503: () => googleError('UNAVAILABLE', 'The service is currently unavailable.'),
};

/** Lets the first request of each kind meet the fault: a kind is the method and the path without its ids. */
export function firstOfEachKind(fault: CallFault | null): (request: ApiRequest) => CallFault | null {
  const met = new Set<string>();
  return (request) => {
    if (fault === null) return null;
    const kind = `${request.method} ${shapeOf(request.path)}`;
    if (met.has(kind)) return null;
    met.add(kind);
    return fault;
  };
}

/** The request as it ends under the fault; `answer` carries it out. */
export async function answerUnder(fault: CallFault | null, answer: () => Promise<Reply>): Promise<Reply> {
  if (fault === null) return answer();
  if (fault === 'reset') return { status: 0, instead: 'drop' };
  if (fault === 'hang') return { status: 0, instead: 'hang' };
  if (fault === 'lost-reply') return { ...(await answer()), instead: 'drop' };
  return REPLIES[fault]();
}
