import { startApiServer } from '../../lab/apiserver/api-server.ts';
import { describeKubeApi } from '../../lab/test/contract/suite.ts';

describeKubeApi('kube-apiserver', async () => {
  const kube = await startApiServer();
  const at = { server: kube.server, caPem: kube.caPem };
  const name = 'powerless@example.com';
  return {
    admin: { ...at, token: kube.adminToken },
    powerless: { ...at, token: kube.tokenFor(name), name },
    // What watches read is a cache, which begins anew with the server.
    forgetHistory: () => kube.restart(),
    isLab: false,
    stop: () => kube.stop(),
  };
});
