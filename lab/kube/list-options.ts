import { badRequest, failure, invalid } from './status.ts';

export interface ListOptions {
  /** '' when none is asked for. */
  resourceVersion: string;
  match: '' | 'Exact' | 'NotOlderThan';
  /** 0 for no limit. */
  limit: number;
  timeoutSeconds: number;
}

/** Options of a list or a watch from its query; throws what the API server answers to those that make no sense. */
export function checkListOptions(query: URLSearchParams, isWatch: boolean): ListOptions {
  const limit = integer(query, 'limit');
  const timeoutSeconds = integer(query, 'timeoutSeconds');
  const resourceVersion = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  const initial = query.get('sendInitialEvents');
  const forbid = (field: string, why: string) => refuse('FieldValueForbidden', field, `Forbidden: ${why}`);
  if (initial !== null && !isWatch) throw forbid('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  if (initial !== null && match !== 'NotOlderThan') {
    throw forbid(MATCH, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (match !== '') {
    const unless = (what: string) => `resourceVersionMatch is forbidden ${what}`;
    if (isWatch && initial === null) throw forbid(MATCH, unless('for watch unless sendInitialEvents is provided'));
    if (query.get('continue')) throw forbid(MATCH, unless('when continue is provided'));
    if (!isWatch && resourceVersion === '') throw forbid(MATCH, unless('unless resourceVersion is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      const supported = 'supported values: "Exact", "NotOlderThan", ""';
      throw refuse('FieldValueNotSupported', MATCH, `Unsupported value: ${JSON.stringify(match)}: ${supported}`);
    }
    if (match === 'Exact' && resourceVersion === '0') {
      throw forbid(MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
  }
  if (!/^\d*$/.test(resourceVersion)) {
    const shown = JSON.stringify(resourceVersion);
    const why = `resourceVersion: Invalid value: ${shown}: ${syntaxError('ParseUint', resourceVersion)}`;
    throw isWatch ? failure(500, '', why) : badRequest(`invalid resource version: ${why}`);
  }
  return { resourceVersion, match: match as ListOptions['match'], limit: Math.max(0, limit), timeoutSeconds };
}

const MATCH = 'resourceVersionMatch';

/** What Go says of text that is no number. */
export const syntaxError = (parser: string, text: string): string =>
  `strconv.${parser}: parsing ${JSON.stringify(text)}: invalid syntax`;

function integer(query: URLSearchParams, name: string): number {
  const text = query.get(name) || '0';
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(syntaxError('ParseInt', text));
  return Number(text);
}

function refuse(reason: string, field: string, message: string) {
  return invalid('meta.k8s.io', 'ListOptions', '', [{ reason, message, field }]);
}
