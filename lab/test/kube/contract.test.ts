import { createStore } from '../../kube/store.ts';
import { describeKubeApi } from '../contract/suite.ts';
import { configMap, startLab } from './lab.ts';

const HISTORY = 1_000;

describeKubeApi("the lab's API server", async () => {
  const store = createStore(HISTORY);
  const lab = await startLab({ store, podDeletion: 'graceful' });
  // Its rules hold for every user, so the user without rights has a server of their own.
  const closed = await startLab({ denied: [{ verb: '*', group: '*', resource: '*' }] });
  const userOf = ({ endpoint, caPem, token }: typeof lab) => ({ server: `https://${endpoint}`, caPem, token });
  return {
    admin: userOf(lab),
    powerless: { ...userOf(closed), name: 'gate@example.com' },
    forgetHistory: async () => {
      const key = { group: '', plural: 'configmaps' };
      const churn = { ...configMap('churn'), metadata: { name: 'churn', namespace: 'default' } };
      store.create(key, churn);
      for (let round = 0; round < HISTORY; round += 1) store.update(key, { ...churn, data: { round: String(round) } });
    },
    isLab: true,
    stop: async () => {
      await lab.close();
      await closed.close();
    },
  };
});
