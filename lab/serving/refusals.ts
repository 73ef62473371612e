/** An error as vLLM returns it. */
export interface ApiError {
  status: number;
  body: { error: { message: string; type: string; param: string | null; code: number } };
}

/** An error of any status; `param` is the field that it is about. */
export function apiError(status: number, type: string, message: string, param: string | null = null): ApiError {
  return { status, body: { error: { message, type, param, code: status } } };
}

/** vLLM's own refusal; one of a parameter names it, and its value where there is one. */
export function badRequest(message: string, param: string | null = null, value?: number | string): ApiError {
  const named = param === null ? '' : ` (parameter=${param}${value === undefined ? '' : `, value=${value}`})`;
  return apiError(400, 'BadRequestError', `${message}${named}`, param);
}

/** A refusal of the web framework, under the phrase of the status. */
export function validation(problem: string, param: string | null): ApiError {
  return apiError(400, 'Bad Request', `1 validation error:\n  ${problem}`, param);
}

/** As Python prints it. */
export function invalid(type: string, loc: string, msg: string, input: string, ctx = ''): ApiError {
  return validation(`{'type': '${type}', 'loc': '${loc}', 'msg': '${msg}', 'input': '${input}'${ctx}}`, loc);
}

/** A value as a refusal repeats it: containers by their size only. */
export function summary(value: unknown): string {
  if (Array.isArray(value)) return `<list of ${value.length} items>`;
  if (typeof value === 'object' && value !== null) return `<dict of ${Object.keys(value).length} items>`;
  return value === null ? 'None' : String(value);
}
