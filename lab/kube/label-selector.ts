import { badRequest } from './status.ts';

/** One requirement of a label selector in its query form. */
export interface Requirement {
  key: string;
  operator: 'exists' | 'absent' | 'in' | 'notin' | 'gt' | 'lt';
  values: string[];
}

interface Token {
  kind: 'identifier' | 'symbol' | 'end';
  text: string;
}

const OPERATORS: Record<string, Requirement['operator']> = {
  in: 'in',
  notin: 'notin',
  '=': 'in',
  '==': 'in',
  '!=': 'notin',
  '>': 'gt',
  '<': 'lt',
};

/** Requirements of a label selector, all of which have to hold. Throws 400 in the API server's words. */
export function parseLabelSelector(text: string): Requirement[] {
  const tokens = tokenize(text);
  const peek = () => tokens[0] as Token;
  const next = () => (tokens.length > 1 ? tokens.shift() : tokens[0]) as Token;
  const startsRequirement = ({ kind, text }: Token) => kind === 'identifier' || text === '!';

  const requirements: Requirement[] = [];
  while (peek().kind !== 'end') {
    if (!startsRequirement(peek()))
      throw badRequest(`found '${peek().text}', expected: !, identifier, or 'end of string'`);
    requirements.push(requirement(peek, next));
    const after = next();
    if (after.kind === 'end') break;
    if (after.text !== ',') throw badRequest(`found '${after.text}', expected: ',' or 'end of string'`);
    if (!startsRequirement(peek())) throw badRequest(`found '${peek().text}', expected: identifier after ','`);
  }
  return requirements;
}

function requirement(peek: () => Token, next: () => Token): Requirement {
  const fail = (why: string) => badRequest(`unable to parse requirement: ${why}`);
  const isNegated = peek().text === '!';
  if (isNegated) next();
  const key = next();
  if (key.kind !== 'identifier') throw fail(`found '${key.text}', expected: identifier`);
  if (isNegated) return { key: key.text, operator: 'absent', values: [] };
  if (peek().kind === 'end' || peek().text === ',') return { key: key.text, operator: 'exists', values: [] };
  const sign = next();
  const operator = OPERATORS[sign.text];
  if (!operator) throw fail(`found '${sign.text}', expected: in, notin, =, ==, !=, gt, lt`);
  if (sign.kind === 'symbol') {
    if (peek().kind === 'end' || peek().text === ',') return { key: key.text, operator, values: [''] };
    const value = next();
    if (value.kind !== 'identifier') throw fail(`found '${value.text}', expected: identifier`);
    return { key: key.text, operator, values: [value.text] };
  }
  const open = next();
  if (open.text !== '(') throw fail(`found '${open.text}' expected: '('`);
  const values: string[] = [];
  for (let token = next(); token.text !== ')'; token = next()) {
    if (token.kind === 'identifier') values.push(token.text);
    else if (token.text !== ',') throw fail(`found '${token.text}', expected: ',', ')' or identifier`);
  }
  return { key: key.text, operator, values };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [part] of text.matchAll(/==|!=|[=!<>,()]|[^\s=!<>,()]+/g)) {
    tokens.push({ kind: /^[=!<>,()]/.test(part) ? 'symbol' : 'identifier', text: part });
  }
  return [...tokens, { kind: 'end', text: '' }];
}
