import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli } from './fake-io.ts';

const POLICY = `version: 1
default: deny
rules:
  - id: reads
    effect: allow
    tools: ["fs.read"]
    args: { /path: { path_under: ["/srv/data"] } }
  - id: no-shell
    effect: halt
    tools: ["shell*"]
tests:
  - name: reads below the folder
    call: { agent: bot, tool: fs.read, params: { path: /srv/data/x } }
    expect: allow
    rule: reads
`;

test('policy check: what was read, or every breach with its place', async () => {
  const good = await cli(['policy', 'check', '-', '--json'], { stdin: POLICY });
  expect([good.exit, JSON.parse(good.stdout)]).toMatchObject([0, { rules: 2, refuses: true }]);
  const bad = await cli(['policy', 'check', '-'], { stdin: POLICY.replace('halt', 'stop') });
  expect([bad.exit, bad.stderr]).toEqual([2, expect.stringMatching(/stdin: line 9, column 13: /)]);
  const open = await cli(['policy', 'check', '-'], { stdin: 'version: 1\ndefault: allow\nrules: []\n' });
  expect([open.exit, open.stderr]).toEqual([0, expect.stringContaining('will not arm')]);
});

test('policy test: exit 1 when a case comes out otherwise, 2 when there is none', async () => {
  const good = await cli(['policy', 'test', '-'], { stdin: POLICY });
  expect([good.exit, good.stdout]).toEqual([0, '1 of 1 cases as expected\n']);
  const bad = await cli(['policy', 'test', '-'], { stdin: POLICY.replace('expect: allow', 'expect: deny') });
  expect([bad.exit, bad.stdout]).toEqual([
    1,
    expect.stringContaining('expected deny by reads    found allow by reads'),
  ]);
  const none = await cli(['policy', 'test', '-'], { stdin: POLICY.slice(0, POLICY.indexOf('tests:')) });
  expect(none.exit).toBe(2);
});

test('policy explain: which rule decided, and what kept the others', async () => {
  const root = mkdtempSync(join(tmpdir(), 'perdure-policy-'));
  const file = join(root, 'p.yaml');
  writeFileSync(file, POLICY);
  const explain = (call: object, ...more: string[]) =>
    cli(['policy', 'explain', file, '--call', '-', ...more], { stdin: JSON.stringify(call) });
  try {
    const away = await explain({ agent: 'bot', tool: 'fs.read', params: { path: '/srv/data/../x' } });
    expect([away.exit, away.stdout]).toEqual([
      1,
      expect.stringContaining('reads (allow): does not, by its args /path'),
    ]);
    const halted = await explain({ agent: 'bot', tool: 'shell.run' }, '--json');
    expect([halted.exit, JSON.parse(halted.stdout)]).toMatchObject([1, { effect: 'halt', rule: 'no-shell' }]);
    const allowed = await explain({ agent: 'bot', tool: 'fs.read', params: { path: '/srv/data/x' } });
    expect([allowed.exit, allowed.stdout]).toEqual([0, expect.stringMatching(/^ALLOW fs\.read by bot: /)]);
    expect((await explain({ agent: 'bot' })).exit).toBe(2);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
