/**
 * The address of a gateway that only pods of the cluster reach. Nothing listens there: a connection of this machine is
 * refused, and one of a pod is led to loopback's usual address by `INSIDE`.
 */
export const INTERNAL_ADDRESS = '127.0.0.2';

/** A module for `--import`: connections of the process to the internal address go to the gateway. */
export const INSIDE = `data:text/javascript,${encodeURIComponent(`
  import net from 'node:net';
  const { connect } = net;
  net.connect = (options, ...rest) =>
    connect(options?.host === '${INTERNAL_ADDRESS}' ? { ...options, host: '127.0.0.1' } : options, ...rest);
`)}`;
