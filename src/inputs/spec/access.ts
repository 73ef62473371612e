import { dnsEndpoint, identity } from '../parsers/identity.ts';
import type { InputRow } from '../row.ts';

/** How Google Cloud and the control plane are reached. */
export const ACCESS = {
  'workload-identity-provider': {
    group: 'access',
    key: 'auth',
    parse: identity,
    aliases: ['workload_identity_provider'],
    description: [
      'Full name of the Workload Identity provider,',
      '`projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`. The job needs `id-token:',
      'write`. Default: Application Default Credentials.',
    ].join(' '),
    sweepDescription: [
      'Full name of the Workload Identity provider. The job needs `id-token: write`. Default: Application Default',
      'Credentials.',
    ].join(' '),
  },
  'service-account': {
    group: 'access',
    partOf: 'workload-identity-provider',
    aliases: ['service_account'],
    description: [
      'E-mail of the service account to impersonate with `workload-identity-provider`. Default: none, direct',
      'access.',
    ].join(' '),
    sweepDescription: 'E-mail of the service account to impersonate with `workload-identity-provider`.',
  },
  'credentials-json': {
    group: 'access',
    partOf: 'workload-identity-provider',
    aliases: ['credentials_json'],
    description: 'Key of a service account, as JSON or base64, if Workload Identity is not available.',
  },
  'dns-endpoint': {
    group: 'access',
    key: 'dnsEndpoint',
    parse: dnsEndpoint,
    default: 'auto',
    choices: ['auto', 'true', 'false'],
    description: [
      'Reach the control plane by its DNS name: `true`, `false`, or `auto`. `auto` uses the name if the IP address does',
      'not respond.',
    ].join(' '),
  },
} as const satisfies Readonly<Record<string, InputRow>>;
