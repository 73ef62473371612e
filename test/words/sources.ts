import type { Source } from './intercepting-proxy.ts';

/** An error as the Hugging Face Hub sends it: its clients go by the two headers. */
export function hubRefuses(status: number, code: string, message: string): Source {
  return (_request, response) => {
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': 'Root=1-00000000-000000000000000000000000',
      ...(code ? { 'x-error-code': code } : {}),
      ...(message ? { 'x-error-message': message } : {}),
    });
    response.end(JSON.stringify({ error: message }));
  };
}

/** A model whose list of files is public, as of a gated one; `file` responds to a request for its one file. */
export function hubModel(file: Source): Source {
  return (request, response) => {
    if (!request.url?.startsWith('/api/models/')) return file(request, response);
    const [, owner, name] = /^\/api\/models\/([^/]+)\/([^/?]+)/.exec(request.url) ?? [];
    response.writeHead(200, { 'content-type': 'application/json' });
    if (request.url.includes('/tree/')) {
      response.end(JSON.stringify([{ type: 'file', oid: SHA, size: SIZE, path: FILE }]));
      return;
    }
    const info = { _id: '0', id: `${owner}/${name}`, sha: SHA, private: false, tags: [], downloads: 0, likes: 0 };
    response.end(JSON.stringify({ ...info, siblings: [{ rfilename: FILE, size: SIZE }] }));
  };
}

const SHA = '0123456789abcdef0123456789abcdef01234567';
const FILE = 'model.safetensors';
const SIZE = 8 * 1024 * 1024;

/** One file of 8 MiB. */
export const hubFile: Source = (request, response) => {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': String(SIZE),
    etag: '"0123456789abcdef"',
    'x-repo-commit': SHA,
    'x-linked-size': String(SIZE),
  });
  if (request.method === 'HEAD') response.end();
  else response.end(Buffer.alloc(SIZE));
};

/** An error of Cloud Storage's JSON API. */
export function bucketRefuses(status: number, reason: string, message: string): Source {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
    response.end(JSON.stringify({ error: { code: status, message, errors: [{ message, domain: 'global', reason }] } }));
  };
}

/** A bucket without objects. */
export const emptyBucket: Source = (request, response) => {
  const isList = /\/o\?/.test(request.url ?? '');
  response.writeHead(isList ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(isList ? { kind: 'storage#objects' } : { error: { code: 404, message: 'Not Found' } }));
};
