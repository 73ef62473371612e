import { type FieldLine, type FieldType, lineOf, REVIEWED_KINDS } from '../../src/stages/preflight/guard-fields.ts';
import { type Schema, schemasOf } from './schema.ts';

export interface Comparison {
  /** Fields of a schema that no line of the guard has: `Container.newField (kubernetes)`. They are refused. */
  unreviewed: string[];
  /** Fields of the guard's lines that no schema has. */
  gone: string[];
}

interface Work {
  lines: (name: string) => FieldLine;
  report: (field: string) => void;
  /** Fields of the schemas by line. */
  seen: Map<string, Set<string>>;
}

/** The guard's reviewed fields against every schema of the reviewed kinds. */
export function compareFields(lines: (name: string) => FieldLine = lineOf): Comparison {
  const unreviewed = new Map<string, string>();
  // A CRD need not repeat what every object has.
  const seen = new Map(REVIEWED_KINDS.map(({ line }) => [line, new Set(['apiVersion', 'kind', 'metadata'])]));
  for (const { kind, group, line } of REVIEWED_KINDS) {
    for (const { source, schema } of schemasOf(kind, group)) {
      const report = (field: string) => void unreviewed.set(field, source);
      compare({ form: 'object', line, rule: null }, schema, kind, { lines, report, seen });
    }
  }
  const gone = [...seen].flatMap(([line, fields]) => {
    const { allowed, refused } = lines(line);
    return [...allowed.keys(), ...refused].filter((field) => !fields.has(field)).map((field) => `${line}.${field}`);
  });
  return { unreviewed: [...unreviewed].map(([field, source]) => `${field} (${source})`).sort(), gone: gone.sort() };
}

function compare(type: FieldType, schema: Schema, name: string, work: Work): void {
  // What a schema leaves open is the guard's to close.
  if (type.form === 'any' || schema.form === 'any') return;
  if (type.form === 'object' && schema.form === 'object') compareLine(type.line, schema.fields(), work);
  else if (type.form !== schema.form) work.report(`${name}: a ${schema.form}, here a ${type.form}`);
  else if ('of' in type && 'of' in schema) compare(type.of, schema.of(), name, work);
}

function compareLine(line: string, fields: ReadonlyMap<string, Schema>, work: Work): void {
  const { allowed, refused } = work.lines(line);
  const known = work.seen.get(line) ?? new Set();
  work.seen.set(line, known);
  for (const [field, inner] of fields) {
    known.add(field);
    const own = allowed.get(field);
    if (own) compare(own, inner, `${line}.${field}`, work);
    else if (!refused.has(field)) work.report(`${line}.${field}`);
  }
}
