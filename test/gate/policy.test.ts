import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toJwk } from '../../src/crypto/public-key.ts';
import { globTest } from '../../src/gate/glob.ts';
import { readPolicy } from '../../src/gate/index.ts';
import type { Json } from '../../src/receipt/json.ts';
import { secretKey } from './rig.ts';

/** A policy of rules in short form. */
const policyOf = (rules: readonly object[], more: object = {}) =>
  readPolicy(
    JSON.stringify({ version: 1, default: 'deny', rules: rules.map((rule, i) => ({ id: `r${i}`, ...rule })), ...more }),
  );

const effectOf = (rules: readonly object[], call: object = {}) =>
  policyOf(rules).explain({ agent: 'a', tool: 't', ...call }).answer.effect;

const withArgs = (args: object, params: Json | undefined, effect = 'allow') =>
  effectOf([{ effect, args }], params === undefined ? {} : { params });

describe('which rule decides', () => {
  const effects = ['halt', 'deny', 'quarantine', 'audit', 'allow'];

  it('is the strictest that speaks, in whatever order they stand', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(effects, { minLength: 1 }), (some) => {
        const strictest = effects.find((effect) => some.includes(effect));
        expect(effectOf(some.map((effect) => ({ effect })))).toBe(strictest);
      }),
    );
    expect(effectOf([{ effect: 'allow', tools: ['x*'] }])).toBe('deny');
  });

  it('goes by tool, agent, role, tenant and labels; what a call does not name counts against it', () => {
    const allow = { effect: 'allow', tools: ['fs.*'], tools_except: ['fs.rm'], agents: ['bot-?'], roles: ['dev'] };
    const call = { agent: 'bot-1', tool: 'fs.read', role: 'dev' };
    const cases: [object, string][] = [
      [call, 'allow'],
      [{ ...call, tool: 'fs.rm' }, 'deny'],
      [{ ...call, agent: 'bot-10' }, 'deny'],
      [{ agent: 'bot-1', tool: 'fs.read' }, 'deny'],
    ];
    for (const [one, effect] of cases) expect(effectOf([allow], one)).toBe(effect);
    const halt = [{ effect: 'allow' }, { effect: 'halt', roles: ['guest'] }];
    expect([effectOf(halt, { role: 'dev' }), effectOf(halt)]).toEqual(['allow', 'halt']);
    const labels = [
      { effect: 'allow', labels_only: ['public', 'team-*'] },
      { effect: 'quarantine', labels_any: ['pii'] },
    ];
    expect(effectOf(labels, { labels: ['public', 'team-a'] })).toBe('allow');
    expect(effectOf(labels, { labels: ['pii'] })).toBe('quarantine');
  });

  it('asks for approvals and counts in windows', () => {
    const approvers = { alice: toJwk(secretKey(4).publicKey) };
    const policy = policyOf(
      [{ effect: 'allow', tools: ['pay'], require_approval: ['alice'], rate: { max: 3, seconds: 60, by: 'agent' } }],
      { approvers },
    );
    const call = { agent: 'a', tool: 'pay' };
    expect(policy.explain(call).answer).toMatchObject({ effect: 'deny', rule: 'r0' });
    expect(policy.explain({ ...call, approved_by: ['alice'] }).answer).toMatchObject({ effect: 'allow' });
    const [window] = policy.windows({ ...call, role: null, tenant: null });
    expect(window).toEqual({ key: '["r0","a"]', rule: 'r0', max: 3, windowMs: 60_000 });
    expect([policy.longestWindowMs, policy.windows({ ...call, tool: 'x', role: null, tenant: null })]).toEqual([
      60_000,
      [],
    ]);
  });

  it('goes by the time of day in a zone, over midnight too', () => {
    const at = (times: object, when: string) => effectOf([{ effect: 'allow', times }], { at: when });
    const office = { days: ['mon', 'tue'], from: '08:00', to: '18:00', zone: 'Europe/Berlin' };
    expect(at(office, '2026-11-30T07:00:00Z')).toBe('allow');
    expect(at(office, '2026-11-30T06:59:00Z')).toBe('deny');
    expect(at(office, '2026-12-02T10:00:00Z')).toBe('deny');
    const night = { days: ['mon'], from: '22:00', to: '06:00' };
    expect(at(night, '2026-11-30T23:00:00Z')).toBe('allow');
    expect(at(night, '2026-12-01T05:59:00Z')).toBe('allow');
    expect(at(night, '2026-11-30T05:59:00Z')).toBe('deny');
  });
});

describe('arguments', () => {
  it('holds paths below a folder after resolving them, as node:path does', () => {
    const part = fc.constantFrom('srv', 'data', '..', '.', '', 'database', 'x');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const path = `/${parts.join('/')}`;
        const normal = posix.normalize(path).replace(/(.)\/$/, '$1');
        const under = normal === '/srv/data' || normal.startsWith('/srv/data/');
        expect(withArgs({ '/path': { path_under: ['/srv/data'] } }, { path })).toBe(under ? 'allow' : 'deny');
      }),
      { numRuns: 500 },
    );
    for (const path of ['srv/data', '/srv/data\\..\\..', '/srv/data/\0', 7, null]) {
      expect(withArgs({ '/path': { path_under: ['/srv/data'] } }, { path })).toBe('deny');
    }
  });

  it('holds hosts by what a URL parser reads, without user names and other ports', () => {
    const rule = { '/url': { host_in: ['api.example.com', '*.example.org', 'local.test:8080'] } };
    const good = [
      'https://api.example.com/x',
      'https://API.example.com',
      'https://a.b.example.org',
      'https://local.test:8080/',
      'https://api.example.com./',
    ];
    const bad = [
      'http://api.example.com',
      'https://example.org',
      'https://evilexample.org',
      'https://api.example.com@evil.test',
      'https://api.example.com:8443',
      'https://api.example.com.evil.test',
      'https:\\\\api.example.com\\@evil.test',
      ' https://api.example.com',
      'https://local.test',
      '//api.example.com',
    ];
    for (const url of good) expect([url, withArgs(rule, { url })]).toEqual([url, 'allow']);
    for (const url of bad) expect([url, withArgs(rule, { url })]).toEqual([url, 'deny']);
  });

  it('bounds numbers, enumerates, matches, looks into nested members and each item of a list', () => {
    expect(withArgs({ '/n': { min: 0, max: 10 } }, { n: 10 })).toBe('allow');
    for (const n of [10.5, -1, '5', null]) expect(withArgs({ '/n': { min: 0, max: 10 } }, { n })).toBe('deny');
    expect(withArgs({ '/a/b~1c': { one_of: ['r', 1] } }, { a: { 'b/c': 1 } })).toBe('allow');
    expect(withArgs({ '/q': { matches: '^(?i)select ' } }, { q: 'SELECT 1' })).toBe('allow');
    expect(withArgs({ '/n': { max: 3 } }, { n: [1, 2, 3] })).toBe('allow');
    expect(withArgs({ '/n': { max: 3 } }, { n: [1, 4] })).toBe('deny');
    expect(withArgs({ '/n': { max: 3 } }, { n: [] })).toBe('deny');
    expect(withArgs({ '/__proto__': { one_of: [null] } }, {})).toBe('deny');
  });

  it('counts what cannot be judged against the call: a rule that refuses speaks, one that allows does not', () => {
    const big = { '/n': { min: 100 } };
    const rules = [{ effect: 'allow' }, { effect: 'deny', args: big }];
    expect(effectOf(rules, { params: { n: 5 } })).toBe('allow');
    expect(effectOf(rules, { params: { n: [5, 100] } })).toBe('deny');
    for (const call of [{}, { params: {} }, { params: { n: '5' } }]) expect(effectOf(rules, call)).toBe('deny');
    expect(effectOf([{ effect: 'allow', args: big }], {})).toBe('deny');
  });

  it('takes patterns that cannot run away', () => {
    const began = performance.now();
    expect(withArgs({ '/q': { matches: '^(a+)+$' } }, { q: `${'a'.repeat(20_000)}b` })).toBe('deny');
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(() => policyOf([{ effect: 'allow', args: { '/q': { matches: '(a)\\1' } } }])).toThrow(/RE2/);
  });
});

describe('globs', () => {
  it('match as a naive reading of them does', () => {
    const naive = (pattern: string, name: string): boolean => {
      if (pattern === '') return name === '';
      if (pattern[0] === '*') return naive(pattern.slice(1), name) || (name !== '' && naive(pattern, name.slice(1)));
      return name !== '' && (pattern[0] === '?' || pattern[0] === name[0]) && naive(pattern.slice(1), name.slice(1));
    };
    const text = (chars: string[]) => fc.array(fc.constantFrom(...chars), { maxLength: 8 }).map((a) => a.join(''));
    fc.assert(
      fc.property(text(['a', 'b', '*', '?']), text(['a', 'b']), (pattern, name) => {
        expect(globTest(pattern)(name)).toBe(naive(pattern, name));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('policy files', () => {
  const read = (text: string) => {
    try {
      readPolicy(text, 'p.yaml');
      return 'read';
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      expect(code).toBe('POLICY_MALFORMED');
      return message;
    }
  };
  const HEAD = 'version: 1\ndefault: deny\n';

  it('says the line and column of every breach', () => {
    const text = `${HEAD}rules:\n  - id: a\n    effect: alow\n  - id: a\n    effect: deny\n    toolz: [x]\nextra: 1\n`;
    const message = read(text);
    expect(message).toMatch(/line 5, column 13: .*effect/);
    expect(message).toMatch(/line 8, column 5: expected no member "toolz"/);
    expect(message).toMatch(/line 9, column 1: expected no member "extra"/);
    expect(read(`${HEAD}rules: [{ id: a, effect: deny }, { id: a, effect: deny }]`)).toMatch(
      /line 3, column \d+: expected an id/,
    );
  });

  it('refuses what YAML can hide: duplicates, aliases, tags, several documents, bombs', () => {
    for (const bad of [
      `${HEAD}default: allow\nrules: []`,
      `${HEAD}rules: &r []\ntests: *r`,
      `${HEAD}rules: !!js/function 'x'`,
      `${HEAD}rules: []\n---\n${HEAD}rules: []`,
      `${HEAD}rules: [`,
      `a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c]`,
      `${HEAD}rules: []\n__proto__: { default: allow }`,
      '',
      'null',
      `${HEAD}rules: []\n${'#'.repeat(5_000_000)}`,
    ]) {
      expect([bad.slice(0, 60), read(bad)]).not.toEqual([bad.slice(0, 60), 'read']);
    }
  });

  it('is hashed by what it says, not by how it is written or what cases it brings', () => {
    const yaml = `# note\ndefault: deny\nversion: 1\nrules:\n  - { effect: allow, id: a }\n`;
    const cases = { tests: [{ name: 'n', call: { agent: 'a', tool: 't' }, expect: 'allow' }] };
    const json = { version: 1, default: 'deny', rules: [{ id: 'a', effect: 'allow' }] };
    const { hash } = readPolicy(yaml);
    expect(readPolicy(JSON.stringify({ ...json, ...cases })).hash).toBe(hash);
    expect(readPolicy(JSON.stringify({ ...json, default: 'allow' })).hash).not.toBe(hash);
  });

  it('runs its cases, and finds a call that it refuses', () => {
    const policy = policyOf([{ effect: 'deny', tools: ['rm'] }, { effect: 'allow' }], {
      default: 'allow',
      tests: [
        { name: 'no rm', call: { agent: 'a', tool: 'rm' }, expect: 'deny', rule: 'r0' },
        { name: 'wrong', call: { agent: 'a', tool: 'x' }, expect: 'deny' },
      ],
    });
    expect(policy.test().map(({ passed }) => passed)).toEqual([true, false]);
    expect(policy.forbidden()).toMatchObject({ tool: 'rm' });
    expect(policyOf([{ effect: 'allow' }], { default: 'allow' }).forbidden()).toBeNull();
  });
});
