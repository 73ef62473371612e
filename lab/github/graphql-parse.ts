/** One field of a GraphQL selection: `alias: name(arguments) { selections }`. */
export interface Field {
  key: string;
  name: string;
  arguments: Record<string, Value>;
  selections: Field[] | null;
}

export type Value = { variable: string } | { literal: unknown };

export interface Query {
  selections: Field[];
  variables: { name: string; required: boolean; fallback: unknown }[];
}

/**
 * Reads one GraphQL query operation: variables with defaults, aliases, arguments of any scalar, nested selections.
 * Grammar: GraphQL spec, October 2021, §2. Fragments, directives, lists and input objects are outside it.
 * Throws an Error whose message is fit for a GraphQL `errors` answer.
 */
export function parseQuery(source: string): Query {
  const tokens = tokenize(source);
  let position = 0;
  const peek = () => tokens[position];
  const unexpected = (token = peek()): never => {
    throw new Error(token === undefined ? 'Unexpected end of document' : `Unexpected token: "${token}"`);
  };
  const next = (): string => tokens[position++] ?? unexpected(undefined);
  const take = (wanted: string) => {
    const token = next();
    if (token !== wanted) unexpected(token);
  };
  const skip = (wanted: string): boolean => {
    if (peek() !== wanted) return false;
    position += 1;
    return true;
  };
  const name = (): string => {
    const token = next();
    return /^[_A-Za-z]\w*$/.test(token) ? token : unexpected(token);
  };
  const literal = (): unknown => {
    const token = next();
    if (/^["\-\d]/.test(token)) return JSON.parse(token) as unknown;
    if (token === 'null') return null;
    if (token === 'true' || token === 'false') return token === 'true';
    return /^[_A-Za-z]/.test(token) ? token : unexpected(token);
  };
  const argumentsOf = (): Field['arguments'] => {
    const given: Field['arguments'] = {};
    if (!skip('(')) return given;
    while (!skip(')')) {
      const key = name();
      take(':');
      given[key] = skip('$') ? { variable: name() } : { literal: literal() };
    }
    return given;
  };
  const selectionSet = (): Field[] => {
    const fields: Field[] = [];
    take('{');
    while (!skip('}')) {
      const first = name();
      const second = skip(':') ? name() : first;
      const given = argumentsOf();
      fields.push({ key: first, name: second, arguments: given, selections: peek() === '{' ? selectionSet() : null });
    }
    return fields;
  };
  const variables = (): Query['variables'] => {
    const declared: Query['variables'] = [];
    if (!skip('(')) return declared;
    while (!skip(')')) {
      take('$');
      const variable = name();
      take(':');
      name();
      const required = skip('!');
      declared.push({ name: variable, required, fallback: skip('=') ? literal() : undefined });
    }
    return declared;
  };

  let declared: Query['variables'] = [];
  if (peek() !== '{') {
    take('query');
    if (peek() !== '(' && peek() !== '{') name();
    declared = variables();
  }
  const selections = selectionSet();
  if (peek() !== undefined) unexpected();
  return { selections, variables: declared };
}

function tokenize(source: string): string[] {
  const pattern = /[\s,\uFEFF]+|#[^\n]*|("(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?|\w+|\.\.\.|[^\s])/gy;
  return [...source.matchAll(pattern)].flatMap(([, token]) => (token === undefined ? [] : [token]));
}
