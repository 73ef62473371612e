import { join } from 'node:path';
import { createGenerator } from 'ts-json-schema-generator';

interface Schema {
  definitions?: Record<string, { properties?: Record<string, { description?: string }>; required?: string[] }>;
}

/** JSON Schema (draft 7) of a type, from its source and its comments. Readers keep fields that they do not know. */
export function schemaOf(root: string, file: string, type: string, title: string): Schema {
  const schema = createGenerator({
    path: join(root, file),
    tsconfig: join(root, 'tsconfig.json'),
    type,
    skipTypeCheck: true,
    additionalProperties: true,
    topRef: true,
  }).createSchema(type) as Schema;
  return { title, ...schema } as Schema;
}

/** The fields of a type with what they mean, for a table. Throws an Error that names every field without a comment. */
export function fieldsOf(schema: Schema, type: string): [name: string, meaning: string][] {
  const properties = Object.entries(schema.definitions?.[type]?.properties ?? {});
  const silent = properties.filter(([, { description }]) => !description?.trim()).map(([name]) => name);
  if (silent.length > 0) throw new Error(`${type}: no comment for field ${silent.join(', ')}.`);
  return properties.map(([name, { description = '' }]) => [name, description]);
}
