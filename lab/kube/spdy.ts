import type { Duplex } from 'node:stream';
import { createInflate, deflateSync, constants as zlib } from 'node:zlib';
import { SPDY_DICTIONARY } from './spdy-dictionary.ts';

/**
 * The server's side of SPDY/3.1 as far as port-forward has it: streams that the client opens, data both ways, resets
 * and pings. There is no flow control, as in the library of the real client and server (moby/spdystream).
 */

/** A stream that the client has opened. */
export interface SpdyStream {
  id: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Sends data; false when the connection is full until its `drain`. */
  write(data: Buffer): boolean;
  /** Nothing more comes from the server. */
  end(): void;
  /** Ends the stream in both directions at once. */
  reset(): void;
}

/** What a user of the connection hears of a stream. */
export interface StreamEvents {
  data(data: Buffer): void;
  /** The client sends nothing more. */
  end(): void;
  /** The client has given the stream up, or the connection has ended. */
  reset(): void;
}

const CONTROL = 0x80_03_00_00;
const TYPE = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7, headers: 8 } as const;
const FIN = 1;
const CANCEL = 5;
const LARGEST_DATA = 1 << 14;

/**
 * Serves the connection on `wire` until either side ends it. `open` is called for each new stream and returns who
 * hears of it; one that throws refuses the stream.
 */
export function serveSpdy(wire: Duplex, open: (stream: SpdyStream) => StreamEvents): void {
  const streams = new Map<number, StreamEvents>();
  const inflate = createHeaderReader();
  const compress = createEmptyHeaders();

  const send = (frame: Buffer) => wire.writable && wire.write(frame);
  const data = (id: number, flags: number, bytes: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(id);
    head.writeUInt32BE(((flags << 24) | bytes.length) >>> 0, 4);
    return send(Buffer.concat([head, bytes]));
  };
  const reset = (id: number) => send(control(TYPE.rstStream, 0, words(id, CANCEL)));

  const streamOf = (id: number, headers: Record<string, string>): SpdyStream => ({
    id,
    headers,
    write(bytes) {
      let isFree = true;
      for (let at = 0; at < bytes.length; at += LARGEST_DATA) {
        isFree = data(id, 0, bytes.subarray(at, at + LARGEST_DATA));
      }
      return isFree;
    },
    end: () => void data(id, FIN, Buffer.alloc(0)),
    reset() {
      streams.delete(id);
      reset(id);
    },
  });

  const opened = async (flags: number, body: Buffer) => {
    const id = body.readUInt32BE() & 0x7fff_ffff;
    const headers = parseHeaders(await inflate(body.subarray(10)));
    try {
      const events = open(streamOf(id, headers));
      streams.set(id, events);
      send(control(TYPE.synReply, 0, Buffer.concat([words(id), compress()])));
      if (flags & FIN) events.end();
    } catch {
      reset(id);
    }
  };

  const onControl = async (type: number, flags: number, body: Buffer) => {
    if (type === TYPE.synStream) return opened(flags, body);
    // Its block changes the state of the decompressor, whatever it has in it.
    if (type === TYPE.headers) await inflate(body.subarray(4));
    else if (type === TYPE.ping) send(control(TYPE.ping, 0, body));
    else if (type === TYPE.goAway) wire.end();
    else if (type === TYPE.rstStream) {
      const id = body.readUInt32BE() & 0x7fff_ffff;
      streams.get(id)?.reset();
      streams.delete(id);
    }
  };

  const read = async () => {
    for await (const { head, body } of frames(wire)) {
      const [first, second] = [head.readUInt32BE(), head.readUInt32BE(4)];
      const flags = second >>> 24;
      if (first >>> 31) {
        await onControl(first & 0xffff, flags, body);
        continue;
      }
      const events = streams.get(first);
      if (body.length > 0) events?.data(body);
      if (flags & FIN) events?.end();
    }
  };
  read()
    // A client that goes away, or sends what is no SPDY, ends its connection and nothing else.
    .catch(() => {})
    .finally(() => {
      for (const events of streams.values()) events.reset();
      streams.clear();
      wire.destroy();
    });
}

/** Every frame that arrives, whole. */
async function* frames(wire: Duplex): AsyncGenerator<{ head: Buffer; body: Buffer }> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of wire as AsyncIterable<Buffer>) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 8) {
      const length = pending.readUInt32BE(4) & 0xff_ffff;
      if (pending.length < 8 + length) break;
      yield { head: pending.subarray(0, 8), body: pending.subarray(8, 8 + length) };
      pending = pending.subarray(8 + length);
    }
  }
}

function control(type: number, flags: number, body: Buffer): Buffer {
  return Buffer.concat([words((CONTROL | type) >>> 0, ((flags << 24) | body.length) >>> 0), body]);
}

function words(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * index);
  return bytes;
}

/** Decompresses one header block after another: all of a connection are one zlib stream. */
function createHeaderReader(): (block: Buffer) => Promise<Buffer> {
  const inflate = createInflate({ dictionary: SPDY_DICTIONARY, flush: zlib.Z_SYNC_FLUSH });
  return (block) =>
    new Promise((resolve, reject) => {
      inflate.once('error', reject);
      inflate.write(block, () => {
        inflate.off('error', reject);
        resolve((inflate.read() as Buffer | null) ?? Buffer.alloc(0));
      });
    });
}

/** A count, then each name and value with its length before it. */
function parseHeaders(block: Buffer): Record<string, string> {
  let at = 0;
  const number = () => {
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    at += length;
    return block.toString('utf8', at - length, at);
  };
  return Object.fromEntries(Array.from({ length: number() }, () => [text().toLowerCase(), text()]));
}

/**
 * Header blocks without a header. Each is a stored block with the count 0, then an empty one, which makes Go's
 * decompressor hand over what it has; the first begins the zlib stream, which names the dictionary.
 */
function createEmptyHeaders(): () => Buffer {
  const stored = Buffer.from('000400fbff00000000' + '000000ffff', 'hex');
  let start = deflateSync(Buffer.alloc(0), { dictionary: SPDY_DICTIONARY }).subarray(0, 6);
  return () => {
    const block = Buffer.concat([start, stored]);
    start = Buffer.alloc(0);
    return block;
  };
}
