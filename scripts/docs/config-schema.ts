import { CONFIG_FILE, CONFIG_ROWS } from '../../src/inputs/config-rules.ts';
import type { InputRow } from '../../src/inputs/row.ts';

/** JSON Schema (draft 7) of the file of inputs, for editors. It has exactly the inputs that the file may give. */
export function configSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: `${CONFIG_FILE} of tpu-serving-gate`,
    description: 'Inputs of the gate for one repository. What a workflow or a flag gives counts before it.',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(CONFIG_ROWS.map(([name, row]) => [name, property(row)])),
  };
}

/** YAML makes numbers, true and false of some texts. A list stands for its items with commas. */
function property({ description, choices, default: byDefault = '' }: InputRow): object {
  const more = byDefault === '' ? {} : { default: byDefault };
  if (choices) {
    const flags = (['true', 'false'] as const).filter((word) => choices.includes(word)).map((word) => word === 'true');
    const numbers = choices.filter((word) => /^\d+$/.test(word)).map(Number);
    return { description, enum: [...choices, ...flags, ...numbers], ...more };
  }
  const scalar = { type: ['string', 'number', 'boolean'] };
  return { description, anyOf: [scalar, { type: 'array', items: scalar }], ...more };
}
