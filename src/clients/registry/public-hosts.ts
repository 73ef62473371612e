import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Networks that are nobody's on the internet (RFC 6890 and its registries), and the prefixes in which an address of IPv4
 * hides within IPv6. The metadata server of a cloud is among the link-local ones.
 */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as const),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
  ] as const),
  ...([
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const),
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv4');
}
/** Of IPv6 only 2000::/3 is given out; what of it is not the internet's, or carries an address of IPv4, is left out. */
const GLOBAL = new BlockList();
GLOBAL.addSubnet('2000::', 3, 'ipv6');
const CARVED = new BlockList();
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  CARVED.addSubnet(net, bits, 'ipv6');
}

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !PRIVATE.check(address, 'ipv4');
  return family === 6 && GLOBAL.check(address, 'ipv6') && !CARVED.check(address, 'ipv6');
}

/** Names that a network resolves for itself, whatever their address is. */
const INNER = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|cluster|svc|arpa|test|invalid)$/;

/** Whether a URL of a registry may be asked: https, at a name of the internet, without credentials in it. */
export function mayBeAsked(url: URL): boolean {
  const host = url.hostname.replace(/\.$/, '').toLowerCase();
  return (
    url.protocol === 'https:' &&
    url.username === '' &&
    url.password === '' &&
    isIP(host.replace(/^\[|\]$/g, '')) === 0 &&
    host.includes('.') &&
    !INNER.test(host)
  );
}

/** Code of the error of a name that has an address inside some network. */
export const PRIVATE_ADDRESS = 'EPRIVATEADDRESS';

/**
 * Resolves a name as the connection is made, and fails unless every address is public. The address that was looked at is the
 * one that is connected to, so a name that changes its address in between gains nothing.
 */
export const publicLookup: LookupFunction = (host, options, done) => {
  lookup(host, { ...options, all: true }, (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => {
    const inner = error ? undefined : found.find(({ address }) => !isPublicAddress(address));
    const [first] = found ?? [];
    if (error || !first) return done(error ?? new Error(`${host} has no address`), []);
    if (inner) {
      const text = `${host} has the address ${inner.address}, which is not of the public internet`;
      return done(Object.assign(new Error(text), { code: PRIVATE_ADDRESS }), []);
    }
    return options.all ? done(null, found) : done(null, first.address, first.family);
  });
};
