/** Sentences of an API server or of an admission policy that name a field, with the field as the first group. */
const SENTENCES: readonly RegExp[] = [
  // Strict decoding: apimachinery's runtime.NewStrictDecodingError.
  /(?:unknown|duplicate) field "([^"]+)"/g,
  // Server-side apply: structured-merge-diff's errors, one a line.
  /(?:^|[\s(])(\.[A-Za-z][^\s:]*): (?:field not declared in schema|expected [^,\n]+, got|duplicate entries|element \d+)/gm,
  // encoding/json and sigs.k8s.io/json.
  /cannot unmarshal \w+ into Go struct field \w+\.(\S+?) of type/g,
  // field.ErrorList of a validation: `Kind "name" is invalid: spec.x: Required value`, several of them in brackets.
  /(?:^|[\s[])((?:metadata|spec|status|data|stringData)(?:\.[^\s:,]+|\[[^\]]*\])*): (?:Required|Invalid|Unsupported|Duplicate|Not found|Forbidden|Too (?:long|many|few)|Internal error)/g,
  // Policies of Kyverno: `rule … failed at path /spec/template/…/`.
  /failed at path (\/[^\s'",;]+)/g,
];

/** A cause of a Status, as far as it names a field. */
interface NamedCause {
  field?: string | undefined;
}

/**
 * The fields that a refusal names, in its order: by `details.causes` first, by its words where these name none. Without
 * `<nil>`, which stands for the whole object.
 */
export function namedFields(causes: readonly NamedCause[], message: string): string[] {
  const listed = causes.flatMap(({ field }) => (field && field !== '<nil>' ? [field] : []));
  const said = SENTENCES.flatMap((pattern) => [...message.matchAll(pattern)].map(([, field = '']) => dotted(field)));
  return [...new Set(listed.length > 0 ? listed : said)].slice(0, MOST_FIELDS);
}

const MOST_FIELDS = 20;

/** A JSON pointer as a field with points; any other field as it is. */
function dotted(field: string): string {
  if (!field.startsWith('/')) return field;
  return field
    .split('/')
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`))
    .join('');
}
