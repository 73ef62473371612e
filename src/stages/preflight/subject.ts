import type { Manifest } from '../../clients/files/manifests.ts';
import type { Controllers } from '../../stack/controllers.ts';
import type { GatewayRef, ServiceRef } from '../../stack/refs.ts';

/** The stack as it will be after the deploy, which several checks judge against the cluster. */
export interface Subject {
  service: ServiceRef;
  manifests: readonly Manifest[];
  /** Base configs of the service that the manifests do not hold. */
  unread?: readonly string[];
  /** Null while it is not known. */
  gateway: GatewayRef | null;
  controllers: Controllers;
}
