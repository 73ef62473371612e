/** Building blocks for structural openAPIV3Schemas, short enough to read a whole definition at once. */

export type Schema = Record<string, unknown>;

export const string: Schema = { type: 'string' };
export const boolean: Schema = { type: 'boolean' };
export const int32: Schema = { type: 'integer', format: 'int32' };
export const int64: Schema = { type: 'integer', format: 'int64' };
export const port: Schema = { ...int32, minimum: 1, maximum: 65_535 };
export const stringMap: Schema = { type: 'object', additionalProperties: string };
/** An object of which this definition does not say what is in it. */
export const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export const oneOf = (...values: string[]): Schema => ({ type: 'string', enum: values });

export const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
});

/** A list that belongs to one manager as a whole. */
export const list = (items: Schema): Schema => ({ type: 'array', items, 'x-kubernetes-list-type': 'atomic' });

/** A list whose items have owners of their own, told apart by their keys. */
export const listByKey = (items: Schema, ...keys: string[]): Schema => ({
  type: 'array',
  items,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
});

export const conditions: Schema = listByKey(
  object(
    {
      type: string,
      status: oneOf('True', 'False', 'Unknown'),
      reason: string,
      message: string,
      severity: string,
      lastTransitionTime: string,
      observedGeneration: int64,
    },
    ['type', 'status'],
  ),
  'type',
);

/** The whole object of a custom resource. */
export const resource = (spec: Schema, status: Schema, specRequired = false): Schema =>
  object(
    { apiVersion: string, kind: string, metadata: { type: 'object' }, spec, status },
    specRequired ? ['spec'] : [],
  );
