import { always, type Format, jsonText } from './format.ts';

/** The report itself, from which every other format can be made again. */
export const jsonFormat: Format = {
  name: 'json',
  file: 'result.json',
  applies: always,
  render: jsonText,
};
