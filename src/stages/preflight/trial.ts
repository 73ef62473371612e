import type { Manifest } from '../../clients/files/manifests.ts';
import { describe, type KubeObject, refOf } from '../../clients/kubernetes/objects.ts';

/** A dry run, and what it shows of the service: one that it would make is not there, so nobody needs to read it. */
export interface Trial {
  /**
   * False also where the dry run does not show it. Of one that is there it shows too little: an apply by the gate takes the
   * mark of an earlier run away.
   */
  isNew: Promise<boolean>;
  /** Runs the dry run. `isNew` is settled at the latest when it ends, however it ends. */
  during<T>(work: (onNew: (manifest: Manifest) => void) => Promise<T>): Promise<T>;
}

export function trialOf(service: KubeObject): Trial {
  let settle: (isNew: boolean) => void = () => {};
  const isNew = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const name = describe(refOf(service));
  return {
    isNew,
    async during(work) {
      try {
        return await work(({ object }) => {
          if (describe(refOf(object)) === name) settle(true);
        });
      } finally {
        settle(false);
      }
    },
  };
}
