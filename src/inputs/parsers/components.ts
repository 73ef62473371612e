import { MODES } from '../../lib/modes.ts';
import { nearest } from '../../lib/suggest.ts';
import type { Parser } from '../row.ts';
import { shorten } from '../shorten.ts';
import { listOf } from './basic.ts';
import { modeOf } from './mode.ts';

/** The folders of `manifests/components/` that harden a stack for production. */
export const COMPONENTS = [
  'autoscaling',
  'autoscaling-keda',
  'certificates',
  'dashboard',
  'high-availability',
  'limits',
  'monitoring',
  'monitoring-gateway',
  'monitoring-operator',
  'strict-mtls',
] as const;

/** Components over the manifests of a stack that stays; each once, in the order in which they are given. */
export const components: Parser<readonly string[]> = (reading, name) => {
  const given = [...new Set(listOf(reading.text(name)))];
  if (given.length > 0 && !MODES[modeOf(reading)].takesComponents) {
    reading.problem(`Input "${name}" is for mode "deploy"; a run that measures takes components from its "manifests".`);
  }
  const known: readonly string[] = COMPONENTS;
  for (const each of given.filter((one) => !known.includes(one))) {
    const near = nearest(each, known);
    if (near)
      reading.problem(`Input "${name}" has "${shorten(each)}", which is not a component; did you mean "${near}"?`);
    else reading.bad(name, each, known.join(', '));
  }
  return given;
};
