/** All addresses of 10.244.0.0/16 are this machine's own, inside the private network of `scripts/in-private-network`. */
export const POD_NETWORK = '10.244';

/** Of the gateway's Service. Envoy listens on every address, so any will do that no pod has. */
export const LOAD_BALANCER = `${POD_NETWORK}.255.80`;
