import { afterAll, beforeAll, describe } from 'vitest';
import { isEstablished } from '../../apiserver/established.ts';
import { accessContract } from './access.ts';
import { applyContract } from './apply.ts';
import { applyListsContract } from './apply-lists.ts';
import type { Client, Endpoint } from './client.ts';
import { connect } from './client.ts';
import { createContract } from './create.ts';
import { deleteContract } from './delete.ts';
import { discoveryContract } from './discovery.ts';
import { evictionContract } from './eviction.ts';
import { expiryContract } from './expiry.ts';
import { finalizersContract } from './finalizers.ts';
import { getContract } from './get.ts';
import { labContract } from './lab-limits.ts';
import { leaseContract } from './lease.ts';
import { listContract } from './list.ts';
import { DEFINITIONS, WIDGETS, widgetDefinition } from './objects.ts';
import { patchContract } from './patch.ts';
import { tableContract } from './table.ts';
import { unknownFieldsContract } from './unknown-fields.ts';
import { updateContract } from './update.ts';
import { validationContract } from './validation.ts';
import { watchContract } from './watch.ts';

/**
 * What a client may rely on from a Kubernetes API server, as observed on kube-apiserver v1.34.4. It runs on that server
 * and on the lab's; a case holds on both or is a row of `lab-limits.ts`.
 */
export function describeKubeApi(name: string, start: () => Promise<Endpoint>): void {
  describe(name, () => {
    let endpoint: Endpoint;
    let client: Client;
    const kube = () => client;

    beforeAll(async () => {
      endpoint = await start();
      client = connect(endpoint);
      await client.ask('POST', DEFINITIONS, widgetDefinition());
      const ask = async (_method: string, path: string) => {
        const { code, body } = await client.get(path);
        return { status: code, body };
      };
      await until(() => isEstablished({ ask }, WIDGETS));
    });
    afterAll(async () => {
      await client?.close();
      await endpoint?.stop();
    });

    discoveryContract(kube);
    getContract(kube);
    listContract(kube);
    watchContract(kube);
    createContract(kube);
    updateContract(kube);
    patchContract(kube);
    applyContract(kube);
    applyListsContract(kube);
    unknownFieldsContract(kube);
    validationContract(kube);
    deleteContract(kube);
    evictionContract(kube);
    finalizersContract(kube);
    accessContract(kube);
    tableContract(kube);
    leaseContract(kube);
    labContract(kube);
    // Last: the real server is started anew for it.
    expiryContract(kube);
  });
}

/** Asks every 20 ms; throws after ten seconds. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 500; round += 1) {
    if (await ask()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The API server did not get that far within ten seconds.');
}
