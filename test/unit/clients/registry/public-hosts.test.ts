import { describe, expect, it } from 'vitest';
import { isPublicAddress, mayBeAsked, publicLookup } from '../../../../src/clients/registry/public-hosts.ts';

describe('an address of the internet', () => {
  it.each(['8.8.8.8', '104.16.99.52', '2606:4700::6810:6334', '2a00:1450:4001:800::200e'])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1'],
    ...['0.0.0.0', '224.0.0.1', '255.255.255.255', '198.18.0.1', '192.0.0.192', '203.0.113.9'],
    ...['::1', '::', 'fe80::1', 'fd00:ec2::254', 'fc00::1', '::ffff:169.254.169.254', '::ffff:8.8.8.8'],
    ...['64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '2001:db8::1', '2001::1', 'ff02::1', 'no address'],
  ])('%s is none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a URL of a registry', () => {
  it.each(['https://ghcr.io/v2/', 'https://registry.example.com:5000/v2/'])('%s may be asked', (url) => {
    expect(mayBeAsked(new URL(url))).toBe(true);
  });

  it.each([
    'http://ghcr.io/',
    'https://metadata.google.internal/computeMetadata/v1/',
    'https://169.254.169.254/',
    'https://2852039166/',
    'https://0xa9.0xfe.0xa9.0xfe/',
    'https://[fd00:ec2::254]/',
    'https://localhost/',
    'https://x.localhost./',
    'https://kubernetes.default.svc/',
    'https://kubernetes/',
    'https://user:secret@ghcr.io/',
    'file:///etc/passwd',
    'https://printer.local/',
  ])('%s may not', (url) => {
    expect(mayBeAsked(new URL(url))).toBe(false);
  });

  it('of a name with an inner address is not connected to', async () => {
    const error = await new Promise<NodeJS.ErrnoException | null>((done) => {
      publicLookup('localhost', { all: true }, (problem) => done(problem));
    });
    expect(error).toMatchObject({ code: 'EPRIVATEADDRESS', message: expect.stringContaining('not of the public') });
  });
});
