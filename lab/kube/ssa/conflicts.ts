import { failure } from '../status.ts';
import type { FieldSet } from './fieldset.ts';
import { paths, pathText } from './fieldset.ts';
import type { Manager } from './managers.ts';

/** The 409 of a server-side apply: one cause a field, in the API server's words. */
export function applyConflict(conflicts: { manager: Manager; fields: FieldSet }[]) {
  const causes = conflicts.flatMap(({ manager, fields }) =>
    paths(fields).map((path) => ({ who: managerText(manager), field: pathText(path) })),
  );
  const [only] = causes;
  let message = `Apply failed with 1 conflict: conflict with ${only?.who}: ${only?.field}`;
  if (causes.length > 1) {
    const managers = [...new Set(causes.map((cause) => cause.who))].sort();
    const lines = managers.flatMap((who) => [
      `conflicts with ${who}:`,
      ...causes.filter((cause) => cause.who === who).map((cause) => `- ${cause.field}`),
    ]);
    message = `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`;
  }
  return failure(409, 'Conflict', message, {
    causes: causes.map(({ who, field }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${who}`,
      field,
    })),
  });
}

function managerText(manager: Manager): string {
  const name = JSON.stringify(manager.manager);
  const through = manager.subresource ? ` with subresource ${JSON.stringify(manager.subresource)}` : '';
  return `${name}${through}${manager.operation === 'Update' ? ` using ${manager.apiVersion}` : ''}`;
}
