/** Host and port that a connection to a URL of `http:` or `https:` takes: an IPv6 address without brackets, the usual port. */
export function hostAndPort(url: string | URL): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
  };
}
