import type { Parser } from '../row.ts';
import { kubernetesName } from './basic.ts';

/** A registry, a repository, at will a tag, and a digest. */
const PINNED = /^[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._-]+)*(?::\w[\w.-]{0,127})?@sha256:[0-9a-f]{64}$/;

/** Whether a text is an image with its digest. */
export function isPinnedImage(image: string): boolean {
  return PINNED.test(image);
}

/** The image of the load clients in the cluster, which needs one. */
export const loadImage: Parser<string> = ({ text, bad, problem }, name) => {
  const value = text(name);
  if (value === '') {
    if (text('load-from') === 'cluster')
      problem('"load-from: cluster" needs the input "load-image", an image with Node 24.');
  } else if (!isPinnedImage(value))
    bad(name, value, 'an image with its digest, such as docker.io/library/node:24-slim@sha256:…');
  return value;
};

/** The name of an object in Kubernetes; empty for none. */
export const optionalName: Parser<string> = (reading, name) =>
  reading.text(name) === '' ? '' : kubernetesName(reading, name);
