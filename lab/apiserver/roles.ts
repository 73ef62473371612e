import { readFile } from 'node:fs/promises';
import { parse, parseAllDocuments } from 'yaml';
import { OIDC_SUBJECT } from '../google/oidc.ts';
import { LAB } from '../lab.ts';
import type { KubeObject } from '../protocol.ts';

/** Whom GKE takes the lab's workflow for: a direct workload identity, without a service account. */
export const GATE_USER = `principal://iam.googleapis.com/${LAB.provider.replace(/\/providers\/.*/, '')}/subject/${OIDC_SUBJECT}`;

/** Beside the kustomization: the second witness of the endpoint picker, and all that preflight and the diagnosis can see. */
const OPTIONAL = ['gateway-counters.yaml', 'evidence.yaml', 'secrets.yaml'];

/** The roles that the project tells its users to grant, optional ones included, bound to the identity that the lab gives out. */
export async function gateRoles(folder: URL): Promise<KubeObject[]> {
  const list = parse(await readFile(new URL('kustomization.yaml', folder), 'utf8')) as { resources: string[] };
  const texts = await Promise.all(
    [...list.resources, ...OPTIONAL].map((name) => readFile(new URL(name, folder), 'utf8')),
  );
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubeObject))
    .map((object) =>
      object.subjects
        ? { ...object, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: GATE_USER }] }
        : object,
    );
}
