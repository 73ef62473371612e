import type { LoadClient } from './client.ts';

/**
 * One client over several, each of which leads to one replica: a request goes to the one with the fewest in flight, the
 * first of equals, so that each has an equal part of a closed loop. Closing it closes none of them.
 */
export function fanOut(clients: readonly LoadClient[]): LoadClient {
  const inFlight = clients.map(() => 0);
  return {
    async send(body, signal) {
      const least = inFlight.indexOf(Math.min(...inFlight));
      const client = clients[least];
      if (!client) throw new RangeError('no clients to send by');
      inFlight[least]! += 1;
      try {
        return await client.send(body, signal);
      } finally {
        inFlight[least]! -= 1;
      }
    },
    close: async () => {},
  };
}
