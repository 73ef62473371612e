import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type E2e, MINUTES, plain, startE2e } from './e2e.ts';

const PATTERN_3 = resolve(import.meta.dirname, '../../manifests/pattern3');

let e2e: E2e;
afterEach(() => e2e?.stop());

/** Writes that change something; a dry run and a review change nothing. */
const changes = (requests: { method: string; path: string }[]) =>
  requests.filter(
    ({ method, path }) =>
      method !== 'GET' && !path.includes('dryRun=All') && !/authorization\.k8s\.io|authentication\.k8s\.io/.test(path),
  );

describe('mode preflight', () => {
  it(
    'looks, leases nothing, changes nothing, and says so',
    async () => {
      e2e = await startE2e('pass', { mode: 'preflight' });
      const main = await e2e.job.main().done;
      expect(main.log).toMatch(/\d+ of \d+ preflight checks passed/);
      expect(main.code).toBe(0);
      const post = await e2e.job.post().done;
      expect(post.code).toBe(0);
      const { sizes, nodes, comments, kube } = await e2e.record();
      expect([sizes, nodes]).toEqual([[], []]);
      expect(changes(kube)).toEqual([]);
      const reads = kube.filter(({ method }) => method === 'GET').map(({ path }) => path);
      expect(reads.filter((path, at) => reads.indexOf(path) !== at)).toEqual([]);
      expect(e2e.job.outputs()).toMatchObject({ verdict: 'pass', passed: 'true', mode: 'preflight', speedup: '' });
      const comment = plain(comments[0]?.body ?? '');
      expect(comment).toMatch(/\d+ of \d+ preflight checks passed, 1 not checked/);
      expect(comment).toContain('✅ Preflight passed — ready; nothing was leased');
      expect(comment).toContain('Nothing was leased, deployed or measured.');
      expect(comment).toMatch(/12 chips: \\?\$35\.64 an hour/);
    },
    MINUTES,
  );

  it(
    'names the line of a task that is wrong before it asks anybody',
    async () => {
      e2e = await startE2e('pass', { 'quality-tasks': 'tasks.jsonl' });
      writeFileSync(join(e2e.job.workspace, 'tasks.jsonl'), '{"prompt":"a","expected":"b"}\n{"prompt":"::error::c"}\n');
      const { code, log } = await e2e.job.main().done;
      expect(code).toBe(1);
      expect(log).toContain('tasks.jsonl: line 2 needs either "expected" or "expectedJson".');
      expect(log).not.toContain('::error::c');
      const { sizes, nodes, kube } = await e2e.record();
      expect([sizes, nodes, kube]).toEqual([[], [], []]);
      expect(e2e.job.outputs()).toMatchObject({ verdict: 'error', cause: 'config.quality-tasks', blame: 'change' });
    },
    MINUTES,
  );

  it(
    'ends before the lease for a public image that does not exist, and asks without credentials',
    async () => {
      e2e = await startE2e('image-pull', { manifests: 'deploy' });
      const folder = join(e2e.job.workspace, 'deploy');
      cpSync(PATTERN_3, folder, { recursive: true });
      const file = join(folder, 'llminferenceservice.yaml');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace(/image: registry\.redhat\.io\S+/, 'image: docker.io/vllm/vllm-tpu:nightly-0'));
      const { code, log } = await e2e.job.main().done;
      expect(code).toBe(1);
      expect(log).toMatch(
        /FAIL Images: deploy\/llminferenceservice\.yaml:\d+: image docker\.io\/vllm\/vllm-tpu:nightly-0 of container main does not exist/,
      );
      expect(log).toMatch(/^::error title=[^,]*,file=deploy\/llminferenceservice\.yaml,line=\d+::/m);
      const { sizes, nodes, kube, registry } = await e2e.record();
      expect([sizes, nodes, changes(kube)]).toEqual([[], [], []]);
      expect(registry.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'HEAD /v2/vllm/vllm-tpu/manifests/nightly-0',
        'GET /token',
        'HEAD /v2/vllm/vllm-tpu/manifests/nightly-0',
        'GET /v2/vllm/vllm-tpu/manifests/nightly-0',
      ]);
      expect(registry.every(({ credentials }) => !credentials)).toBe(true);
      // What several checks look at is read once.
      const reads = kube.filter(
        ({ method, path }) => method === 'GET' && /namespaces\/[^/]+$|quotas|limitranges/.test(path),
      );
      expect(new Set(reads.map(({ path }) => path)).size).toBe(reads.length);
      expect(reads).toHaveLength(3);
    },
    MINUTES,
  );

  it(
    'asks no registry where the input turns that off, and does not call it a pass',
    async () => {
      e2e = await startE2e('pass', { mode: 'preflight', 'check-images': 'off' });
      const { code, log } = await e2e.job.main().done;
      expect(code).toBe(0);
      expect(log).toContain('Images: no registry is asked ("check-images: off")');
      expect((await e2e.record()).registry).toEqual([]);
    },
    MINUTES,
  );

  it(
    'tells all that is wrong, each with what to do, and annotates the lines',
    async () => {
      e2e = await startE2e('no-right', { mode: 'preflight', manifests: 'deploy', nodes: '2' });
      const folder = join(e2e.job.workspace, 'deploy');
      cpSync(PATTERN_3, folder, { recursive: true });
      const file = join(folder, 'llminferenceservice.yaml');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace('optional: true', 'optional: false').replace('key: HF_TOKEN', 'key: token'));
      const { code, log } = await e2e.job.main().done;
      expect(code).toBe(1);
      for (const told of [
        'FAIL Node pool: 3 replicas of 4 chips do not fit on 2 nodes of 4.',
        'FAIL Kubernetes permissions: The identity may not patch pods in llm-d-inference-scheduling.',
        'FAIL Secrets: Secret hf-token in llm-d-inference-scheduling has no key token; it has HF_TOKEN.',
      ]) {
        expect(log).toContain(told);
      }
      expect(log).toMatch(
        /^::error title=Refused manifest,file=deploy\/llminferenceservice\.yaml,line=\d+::secret hf-token/m,
      );
      const comment = plain((await e2e.record()).comments[0]?.body ?? '');
      expect(comment).toContain('**3 checks failed:** Node pool, Kubernetes permissions, Secrets');
      expect(comment.replaceAll(/&#(\d+);/g, (_, point) => String.fromCodePoint(Number(point)))).toMatch(
        /<code>curl -fsSL https:\/\/raw\.githubusercontent\.com\/octo\/serving\/[0-9a-f]{40}\/manifests\/rbac\/serving\.yaml/,
      );
      expect((await e2e.record()).sizes).toEqual([]);
      const { checkRuns } = (await e2e.lab.record()).github;
      expect(checkRuns).toHaveLength(1);
      expect(checkRuns[0]).toMatchObject({ headSha: 'c0ffee1'.padEnd(40, '0'), conclusion: 'failure' });
      expect(checkRuns[0]?.annotations).toContainEqual(
        expect.objectContaining({
          path: 'deploy/llminferenceservice.yaml',
          level: 'failure',
          title: 'Refused manifest',
        }),
      );
    },
    MINUTES,
  );
});
