import { describe, expect, test } from 'vitest';
import { ReceiptError } from '../../src/base/errors.ts';
import { errorText, type LineFacts, verdictText } from '../../src/cli/print-verdict.ts';
import { CODES, type Code, codeInfo } from '../../src/verify/codes.ts';
import type { Problem, Verdict } from '../../src/verify/verdict.ts';

const KID = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

const VALID: Verdict = {
  schema: 'perdure/verdict/v1',
  verdict: 'valid',
  subject: { kind: 'log', name: 'audit/', origin: 'example.com/audit/3fa2c1d4e5f6', mode: 'each' },
  head: { size: 10000, hash: `5af1${'0'.repeat(56)}09cc`, genesis: 'a'.repeat(64) },
  tail: { status: 'unknown', pinned_by: null, pinned_size: null, torn_bytes: 0 },
  counts: {
    lines: 10000,
    valid: 10000,
    invalid: 0,
    unverifiable: 0,
    not_judged: 0,
    recovered: 0,
    unsigned_tail: 0,
    intact_through_line: 10000,
  },
  signatures: {
    required: 10000,
    valid: 10000,
    invalid: 0,
    missing: 0,
    unknown: 0,
    by_alg: { 'ML-DSA-65': 10000 },
  },
  keys: [{ kid: KID, alg: 'ML-DSA-65', name: 'build-bot', trusted_by: 'key', through_seq: null, receipts: 10000 }],
  time: { first: '2026-11-20T20:00:00.000Z', last: '2026-11-20T23:00:00.000Z', vouched_by: 'signer' },
  problems: [],
  problem_count: 0,
  problems_truncated: false,
  notes: [],
  not_checked: [{ what: 'payloads', why: 'not requested' }],
  not_proven: ['that tools told the truth', 'that nothing was cut from the end (no outside checkpoint or pin given)'],
  run: {
    tool: 'perdure 0.1.0',
    engine: 'wasm',
    module_sha256: null,
    cross_checked_with: null,
    workers: 1,
    elapsed_ms: 812,
  },
};

function problem(code: Code, line: number | null, more: Partial<Problem> = {}): Problem {
  const { weight, check, meaning } = codeInfo(code);
  return {
    code,
    verdict: weight === 'invalid' ? 'invalid' : 'unverifiable',
    check,
    line,
    seq: line === null ? null : line - 1,
    offset: line === null ? null : 1893004,
    segment: line === null ? null : '000000.jsonl',
    segment_offset: line === null ? null : 1893004,
    expected: null,
    found: null,
    count: 1,
    meaning,
    next: [`perdure explain ${code}`],
    ...more,
  };
}

function failed(verdict: 'invalid' | 'unverifiable', problems: Problem[], more: Partial<Verdict> = {}): Verdict {
  return { ...VALID, verdict, problems, problem_count: problems.length, ...more };
}

const BROKEN = problem('CHAIN_BROKEN', 4213, {
  seq: 4212,
  expected: `9f2c${'0'.repeat(56)}51ab`,
  found: `77d0${'0'.repeat(56)}0be4`,
  next: ['perdure show audit/ 4212', 'perdure explain CHAIN_BROKEN'],
});
const FACTS = new Map<number, LineFacts>([
  [4213, { time: '2026-11-20T20:58:14.120Z', tool: 'fs.write', agent: 'build-bot' }],
]);
const INTACT = { counts: { ...VALID.counts, valid: 9999, invalid: 1, intact_through_line: 4212 } };

describe('in the form of the design', () => {
  test('a failure: the first line is enough, the block says the rest', () => {
    const text = verdictText(failed('invalid', [BROKEN], INTACT), { color: false, facts: FACTS });
    expect(text.split('\n').slice(0, 6)).toEqual([
      'INVALID audit/ line 4213 of 10000: chain broken (1 problem)',
      '  seq 4212 · 2026-11-20T20:58:14.120Z · tool fs.write · agent build-bot · byte 1893004',
      '  check     prev      expected 9f2c…51ab (stated by line 4212)    found 77d0…0be4',
      '  meaning   lines between 4212 and 4213 were removed, or one of the two was replaced',
      '  intact    lines 1-4212',
      '  next      perdure show audit/ 4212        perdure explain CHAIN_BROKEN',
    ]);
  });

  test('a success: what was proven and what was not', () => {
    expect(verdictText(VALID, { color: false })).toBe(
      [
        'VALID 10000 receipts · 10000 ML-DSA-65 signatures (wasm, 1 key) · chain · head 5af1…09cc',
        'keys: build-bot NzbL…C9Xs (ML-DSA-65, given with --key, signed 10000 receipts)',
        'not checked: payloads (not requested)',
        'not proven: that tools told the truth; that nothing was cut from the end (no outside checkpoint or pin given)',
        '',
      ].join('\n'),
    );
  });
});

describe('several problems', () => {
  test('the first line names the first one that makes the verdict; each has its block; a code is explained once', () => {
    const problems = [
      problem('PARTIAL', 1, { expected: 'seq 0', found: 'seq 7', count: 3 }),
      problem('HASH_MISMATCH', 2, { expected: 'b'.repeat(64), found: 'c'.repeat(64) }),
      problem('HASH_MISMATCH', 5),
      problem('TAIL_TRUNCATED', null, { expected: 'at least 12 entries', found: '9 entries' }),
    ];
    const text = verdictText(failed('invalid', problems, { problem_count: 9, problems_truncated: true }), {
      color: false,
    });
    const lines = text.split('\n');
    expect(lines[0]).toBe('INVALID audit/ line 2 of 10000: hash mismatch (9 problems)');
    expect(lines.filter((line) => /^[A-Z]+ /.test(line))).toEqual([
      'INVALID audit/ line 2 of 10000: hash mismatch (9 problems)',
      'UNVERIFIABLE line 1 of 10000: partial, 3 lines',
      'INVALID line 5 of 10000: hash mismatch',
      'INVALID the whole log: tail truncated',
    ]);
    expect(text).toContain('expected bbbb…bbbb (computed)    found cccc…cccc (stated)');
    expect(text.match(/the entry was changed after/g)).toHaveLength(1);
    expect(text).toContain('and 5 more problems, not listed (see --max-problems)');
  });

  test('with none listed the count still stands', () => {
    const text = verdictText(failed('invalid', [], { problem_count: 3, problems_truncated: true }), { color: false });
    expect(text.split('\n')[0]).toBe('INVALID audit/: 3 problems, none listed');
  });

  test('the whole log, an empty one, and a line in a later segment', () => {
    const empty = verdictText(failed('unverifiable', [problem('EMPTY', null)]), { color: false });
    expect(empty.split('\n')[0]).toBe('UNVERIFIABLE audit/: empty (1 problem)');
    expect(empty).not.toContain('intact');
    const later = problem('SEQ_BROKEN', 3, { segment: '000001.jsonl', segment_offset: 12 });
    expect(verdictText(failed('invalid', [later]), { color: false })).toContain(
      'byte 1893004 · byte 12 of 000001.jsonl',
    );
  });

  test.each(Object.keys(CODES) as Code[])('%s can be printed', (code) => {
    if (codeInfo(code).weight === 'note') {
      const noted = verdictText({ ...VALID, notes: [{ code, line: 17, count: 3 }] }, { color: false });
      expect(noted).toContain(`notes: ${code} at line 17 and 2 more: ${codeInfo(code).meaning}`);
    } else {
      const text = verdictText(failed(problem(code, 3).verdict, [problem(code, 3)]), { color: false });
      expect(text.split('\n')[0]).toContain(`line 3 of 10000: ${code.toLowerCase().replaceAll('_', ' ')} (1 problem)`);
      expect(text).toContain(codeInfo(code).meaning.replace('this one and the one before', '2 and 3'));
    }
  });
});

describe('what else is said', () => {
  test('the tail when something from outside speaks of it, torn bytes, key provenance', () => {
    const text = verdictText(
      {
        ...VALID,
        tail: { status: 'open', pinned_by: 'head', pinned_size: 90, torn_bytes: 1 },
        keys: [
          { kid: KID, alg: null, name: null, trusted_by: 'key', through_seq: null, receipts: 0 },
          { kid: KID, alg: 'Ed25519', name: null, trusted_by: 'chain', through_seq: 41, receipts: 1 },
        ],
      },
      { color: false },
    );
    expect(text).toContain('tail: open (by the given head, 90 entries); 1 torn byte after the last line');
    expect(text).toContain('NzbL…C9Xs (its public key is not in the evidence, given with --key, signed 0 receipts)');
    expect(text).toContain('(Ed25519, named by an entry of a trusted key, retired after seq 41, signed 1 receipt)');
  });

  test('folded for a terminal: no line is wider, nothing is lost', () => {
    const whole = verdictText(failed('invalid', [BROKEN], INTACT), { color: false, facts: FACTS });
    for (const width of [40, 80, 120]) {
      for (const color of [false, true]) {
        const text = verdictText(failed('invalid', [BROKEN], INTACT), { color, width, facts: FACTS });
        const bare = text.replace(/\u001b\[[0-9;]*m/g, '');
        expect(Math.max(...bare.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(width);
        expect(bare.replace(/\s+/g, ' ')).toBe(whole.replace(/\s+/g, ' '));
      }
    }
  });

  test('colour only where it is asked for', () => {
    expect(verdictText(VALID, { color: false })).not.toContain('\u001b');
    expect(verdictText(VALID, { color: true })).toContain('\u001b[32mVALID');
    expect(verdictText(failed('invalid', [BROKEN]), { color: true })).toContain('\u001b[31mINVALID');
    expect(verdictText(failed('unverifiable', [problem('EMPTY', null)]), { color: true })).toContain('\u001b[33mUNVER');
  });

  test('traps: text from the evidence can neither act on the terminal nor hide', () => {
    const evil = 'a\u001b[2J\u202eb\u0007\u2028\u200bc\n';
    const facts = new Map([[3, { time: '2026-11-20T20:58:14.120Z', tool: evil, agent: evil }]]);
    const text = verdictText(
      failed('invalid', [problem('WRONG_LOG', 3, { expected: evil, found: evil, next: [evil] })], {
        subject: { ...VALID.subject, name: evil },
        keys: [{ kid: KID, alg: evil, name: evil, trusted_by: null, through_seq: null, receipts: 0 }],
      }),
      { color: false, facts },
    );
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2028\u200b]/);
    expect(text).toContain('a\\u001b[2J\\u202eb\\u0007\\u2028\\u200bc\\n');
  });
});

describe('errors', () => {
  test('code, message and what to do', () => {
    const error = new ReceiptError('LOG_LOCKED', 'log: audit/: another\u001b writer', { next: ['wait', 'or do not'] });
    expect(errorText(error, { color: false })).toBe(
      'ERROR LOG_LOCKED: log: audit/: another\\u001b writer\n  next      wait\n            or do not\n',
    );
  });

  test('of an error that is none of ours only its kind is told', () => {
    expect(errorText(new TypeError('the secret is hunter2'), { color: false })).toBe('ERROR INTERNAL: TypeError\n');
    expect(errorText('hunter2', { color: false })).not.toContain('hunter2');
  });
});
