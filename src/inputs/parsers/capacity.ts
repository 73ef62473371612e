import type { Parser } from '../row.ts';
import { isPinnedImage } from './load.ts';

/** The image of the pods that hold nodes. */
export const holderImage: Parser<string> = ({ text, bad }, name) => {
  const value = text(name);
  if (!isPinnedImage(value))
    bad(name, value, 'an image with its digest, such as registry.k8s.io/pause:3.10.1@sha256:…');
  return value;
};
