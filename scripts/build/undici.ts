/**
 * Entry modules of undici with what is used of it. The package's own loads everything at once: mocks, caches, cookies,
 * WebSockets, event streams and interceptors are two thirds of it.
 */

/** Requests by a dispatcher, for `src/` and the client of Kubernetes. The global dispatcher is set as the whole package sets it. */
export function undiciRequests(text: string): string {
  return `const Client = require('./lib/dispatcher/client');
const Dispatcher = require('./lib/dispatcher/dispatcher');
const Pool = require('./lib/dispatcher/pool');
const Agent = require('./lib/dispatcher/agent');
const ProxyAgent = require('./lib/dispatcher/proxy-agent');
const EnvHttpProxyAgent = require('./lib/dispatcher/env-http-proxy-agent');
const errors = require('./lib/core/errors');
const util = require('./lib/core/util');
const { InvalidArgumentError } = errors;
const api = require('./lib/api');
const { getGlobalDispatcher, setGlobalDispatcher } = require('./lib/global');
Object.assign(Dispatcher.prototype, api);
${functionOf(text, 'makeDispatcher')}
module.exports.Client = Client;
module.exports.Dispatcher = Dispatcher;
module.exports.Pool = Pool;
module.exports.Agent = Agent;
module.exports.ProxyAgent = ProxyAgent;
module.exports.EnvHttpProxyAgent = EnvHttpProxyAgent;
module.exports.errors = errors;
module.exports.getGlobalDispatcher = getGlobalDispatcher;
module.exports.setGlobalDispatcher = setGlobalDispatcher;
module.exports.request = makeDispatcher(api.request);
module.exports.fetch = () => {
  throw new Error('fetch of undici is left out of dist/; scripts/build/undici.ts names what dist/ carries.');
};
`;
}

/** `fetch`, through a proxy too, for the client of GitHub: an older release, which that client carries. */
export function undiciFetch(text: string): string {
  const fetch = /^module\.exports\.fetch = .+?^\}$/ms.exec(text)?.[0];
  if (fetch === undefined) throw new Error('the entry of undici has no fetch; see scripts/build/undici.ts.');
  return `module.exports.ProxyAgent = require('./lib/dispatcher/proxy-agent');
Object.assign(require('./lib/dispatcher/dispatcher').prototype, require('./lib/api'));
require('./lib/global');
const fetchImpl = require('./lib/web/fetch').fetch;
${fetch}
`;
}

/** The text of a function at the top of a module. */
function functionOf(text: string, name: string): string {
  const found = new RegExp(`^function ${name} \\(.+?^\\}$`, 'ms').exec(text)?.[0];
  if (found === undefined) throw new Error(`the entry of undici has no function ${name}; see scripts/build/undici.ts.`);
  return found;
}
