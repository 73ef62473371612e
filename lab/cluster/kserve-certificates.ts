import { createHash } from 'node:crypto';
import type { Store } from '../kube/store.ts';
import type { KubeObject, PemPair } from '../protocol.ts';
import { readShared, share } from '../shared-keys.ts';
import { namesOf, workloadSelector } from './kserve-names.ts';
import { selects } from './objects.ts';
import { PODS } from './resources.ts';

export interface Certificates {
  /** The certificate that the service's Secret must hold now. */
  of(service: KubeObject): PemPair;
  close(): void;
}

/**
 * The self-signed certificates of the services. One that does not cover the name of a Service or the IP of a pod is made
 * anew, as `ShouldRecreateCertificate` has it; that takes a moment, and `made` is called for the service afterwards.
 */
export function createCertificates(store: Store, first: PemPair, made: (service: KubeObject) => void): Certificates {
  /** By namespace and name: what the newest covers, and whether one is on its way. */
  const known = new Map<string, { pem: PemPair; covers: Set<string>; busy: boolean }>();
  let closed = false;

  const subjects = ({ metadata }: KubeObject): string[] => {
    const names = namesOf(metadata.name);
    const hosts = [names.workloadService, names.schedulerService].flatMap((host) => [
      `${host}.${metadata.namespace}.svc`,
      `${host}.${metadata.namespace}.svc.cluster.local`,
    ]);
    const pods = store.list(PODS, metadata.namespace).filter((pod) => selects(workloadSelector(metadata.name), pod));
    const ips = pods.flatMap((pod) => (pod.status?.podIP === undefined ? [] : [pod.status.podIP as string]));
    return ['localhost', ...hosts, '127.0.0.1', ...ips];
  };

  return {
    of(service) {
      const key = `${service.metadata.namespace}/${service.metadata.name}/${service.metadata.uid}`;
      const entry = known.get(key) ?? { pem: first, covers: new Set<string>(), busy: false };
      known.set(key, entry);
      const wanted = subjects(service);
      if (!entry.busy && wanted.some((name) => !entry.covers.has(name))) {
        entry.busy = true;
        selfSigned(wanted).then((pem) => {
          Object.assign(entry, { pem, covers: new Set(wanted), busy: false });
          if (!closed) made(service);
        });
      }
      return entry.pem;
    },
    close() {
      closed = true;
    },
  };
}

/** The processes of one test run share it by what it covers. */
async function selfSigned(subjects: string[]): Promise<PemPair> {
  const name = `service ${createHash('sha256').update(subjects.join()).digest('hex')}`;
  const pair = readShared<PemPair>(name) ?? (await (await import('../self-signed.ts')).selfSignedService(subjects));
  share(name, pair);
  return pair;
}
