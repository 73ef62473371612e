import type { Socket } from 'node:net';

export interface RequestLine {
  /** Path and query. */
  path: string;
  /** Host and port of the server, unless `headers` has a `host`. */
  authority: string;
  headers: Readonly<Record<string, string>>;
}

/** A longer body is sent from where it is, without a copy. */
const MOST_COPIED_BYTES = 16 * 1024;

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const PATH = /^\/[\x21-\x7e]*$/;

/**
 * Returns what sends a POST request with a body, all with one head. Throws TypeError for a path or a header that would
 * change the request itself, such as one with a line end.
 */
export function createRequestWriter({ path, authority, headers }: RequestLine): (socket: Socket, body: Buffer) => void {
  if (!PATH.test(path)) throw new TypeError(`${JSON.stringify(path)} is not a path`);
  const lines = [`POST ${path} HTTP/1.1`];
  const all = { host: authority, connection: 'keep-alive', ...lowerCased(headers) };
  for (const [name, value] of Object.entries(all)) {
    if (!TOKEN.test(name)) throw new TypeError(`${JSON.stringify(name)} is not the name of a header`);
    if (!VALUE.test(value)) throw new TypeError(`the value of the header ${name} has a character that none may have`);
    lines.push(`${name}: ${value}`);
  }
  const opening = `${lines.join('\r\n')}\r\ncontent-length: `;
  let head = Buffer.alloc(0);
  let headFor = -1;
  /** What was sent last, where all of it went to the kernel at once: the next request of its length takes its place. */
  let spare: Buffer | null = null;
  return (socket, body) => {
    // Most bodies of a block are of one length.
    if (headFor !== body.length) {
      headFor = body.length;
      spare = null;
      head = Buffer.from(`${opening}${headFor}\r\n\r\n`, 'latin1');
    }
    if (body.length <= MOST_COPIED_BYTES) {
      const whole = spare ?? Buffer.concat([head, body]);
      if (spare !== null) body.copy(whole, head.length);
      spare = null;
      socket.write(whole);
      // Otherwise the rest of it is sent from here later.
      if (socket.writableLength === 0) spare = whole;
      return;
    }
    socket.cork();
    socket.write(head);
    socket.write(body);
    socket.uncork();
  };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
