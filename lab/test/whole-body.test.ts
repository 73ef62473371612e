import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { wholeBody } from '../whole-body.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server that reads bodies of at most eight bytes; what became of the first one, as text. */
async function aServer(): Promise<{ port: number; first: Promise<string> }> {
  const first = Promise.withResolvers<string>();
  const server = createServer((incoming, outgoing) => {
    wholeBody(incoming, 8, () => new Error('too long'))
      .then(String, String)
      .then((text) => {
        first.resolve(text);
        outgoing.end(text);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, first: first.promise };
}

it.each([
  ['no body', [], ''],
  ['one piece', ['eight by'], 'eight by'],
  ['several pieces', ['ei', 'ght'], 'eight'],
  ['more than it takes', ['eight', 'bytes'], 'Error: too long'],
])('reads %s, and the answer comes', async (_, pieces, expected) => {
  const { port } = await aServer();
  const answered = new Promise<string>((resolve, reject) => {
    const asking = request({ port, host: '127.0.0.1', method: 'POST' }, (response) =>
      wholeBody(response).then(String).then(resolve, reject),
    );
    asking.on('error', reject);
    for (const piece of pieces) asking.write(piece);
    asking.end();
  });
  expect(await answered).toBe(expected);
});

it('ends with an error where the client goes before the end of its body', async () => {
  const { port, first } = await aServer();
  const socket = connect(port, '127.0.0.1', () => {
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nhalf', () => socket.destroy());
  });
  expect(await first).toMatch(/^Error: /);
});
