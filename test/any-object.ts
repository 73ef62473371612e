import type { KubeObject } from '../src/clients/kubernetes/objects.ts';

/** An object that a test reaches into at any depth; the product's own type has its fields unknown. */
export interface AnyObject extends KubeObject {
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it has put there
  [field: string]: any;
}
