import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { hasShared, sharedFile } from '../shared.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * How receipt systems have failed, each seen in real code (traps.md beside the project), and what shows that this one does not: a
 * test by file and name, or a case of the conformance kit. `later`: the part it belongs to does not exist yet; nothing stands in for it.
 */
type Proof = readonly [file: string, says: string] | { readonly kit: string } | { readonly later: string };
const CANONICAL = 'test/receipt/canonical.test.ts';
const GATE = { later: 'the gate' };
const PROXY = { later: 'the proxy and its adapters' };
const EXPORTS = { later: 'exports and reports' };

const TRAPS: readonly (readonly [trap: string, ...proofs: Proof[]])[] = [
  [
    'Verifying a re-serialised object',
    { kit: 'line-extra-member-last' },
    { kit: 'event-duplicate-name' },
    { kit: 'edit-id' },
  ],
  [
    '`JSON.stringify` with key-sorted objects',
    [CANONICAL, 'integer-like keys sort as text'],
    [CANONICAL, '__proto__ and the empty name survive'],
  ],
  ['Stripping nulls', [CANONICAL, 'nulls are not stripped']],
  ['A replacer array as allow-list', [CANONICAL, 'every nested member is in the bytes']],
  [
    'Canonical JSON from another language',
    [CANONICAL, 'forms numbers as RFC 8785'],
    [CANONICAL, 'astral names sort by UTF-16 unit'],
  ],
  [
    'Entry hash that leaves fields out',
    { kit: 'edit-event' },
    { kit: 'edit-time' },
    ['test/property/hostile-pinned.test.ts', 'none valid'],
  ],
  ['JCS libraries accept what JSON cannot say', [CANONICAL, "describe('guard'"]],
  ['`verify` that recomputes links', { kit: 'delete-line' }, { kit: 'edit-and-rehash' }],
  [
    'Rotation that restarts the chain',
    ['test/verify/auditor.test.ts', 'a log folder: a problem is located in its segment'],
    { kit: 'seq-zero-again' },
  ],
  [
    'Tail cut off and still "valid"',
    { kit: 'cut-tail' },
    ['test/verify/verify.test.ts', 'an empty log is unverifiable, and truncated under any pin'],
  ],
  [
    'Merkle trees that duplicate',
    ['test/checkpoint/compact-range.test.ts', 'incremental = rebuilt, for every n to 2,000'],
    ['test/checkpoint/proof.test.ts', 'a log of one entry has a proof: the empty path'],
    ['test/checkpoint/vectors.test.ts', 'the reference tree: leaves, nine roots'],
  ],
  [
    'In-memory logger that drops',
    ['test/log/append.test.ts', 'back-pressure: appends beyond the bound wait for room'],
    ['test/log/reads.test.ts', 'no limit: every one of 12,000 entries comes'],
  ],
  [
    'Chain per day chosen by claimed time',
    ['test/log/append.test.ts', 'also from a clock that goes backwards'],
    ['test/log/rules.test.ts', 'reads the end of the log, not the log'],
  ],
  ['Two writers on one file', ['test/fault/kill.test.ts', 'two writer processes race']],
  [
    'Verifying against the key inside the receipt',
    ['test/verify/verify.test.ts', 'is unverifiable without a key: anyone can make such a log'],
  ],
  ['Trust judged at now', ['test/verify/verify.test.ts', 'a rotation is followed'], { kit: 'retired-key-backdated' }],
  [
    'Key id outside the signed bytes',
    { kit: 'kid-rewritten-to-known' },
    { kit: 'kid-rewritten-to-unknown' },
    { kit: 'hybrid-pq-stripped' },
  ],
  ['Post-quantum verdict computed', { kit: 'hybrid-pq-stripped-classical-allowed' }],
  ['"Signature covers the ciphertext"', { later: 'payload encryption' }],
  ['SPKI parsers that ignore trailing bytes', ['test/crypto/key-files.test.ts', 'SPKI: trailing bytes at every level']],
  ['Durable nonce store that fails open', GATE],
  ['Nonce spent before trust', GATE],
  ['Server fills in nonce', GATE],
  ['Gate state in memory', GATE],
  ['Enforce mode that loads', GATE],
  ['Denials that are unsigned', ['test/cli/demo.test.ts', 'does what it tells']],
  [
    'Receipts that fail open on write errors',
    ['test/log/sink.test.ts', 'what goes wrong is thrown at the call it went wrong for'],
    ['test/recorder.test.ts', 'a payload that cannot be kept fails its call only'],
    ['test/gate/wrap.test.ts', 'reports what was not recorded; enforce hands nothing out'],
  ],
  ['An SDK hook whose failure', ['test/gate/wrap-gate.test.ts', 'runs nothing where the gate cannot be asked'], PROXY],
  ['Export that silently keeps', ['test/query/filter.test.ts', 'there is no silent limit'], EXPORTS],
  [
    '`query --since` that stops',
    ['test/query/filter.test.ts', 'traps: a query by time does not stop at the first old record'],
  ],
  ['"OWASP 10/10"', EXPORTS],
  [
    'CSV cells that start a formula',
    ['test/cli/listing.test.ts', 'formula'],
    ['test/cli/listing.test.ts', 'nothing that a terminal acts on'],
    EXPORTS,
  ],
  ['Sequence-failure text or exit code', ['test/cli/exit.test.ts', 'every error code has one exit code']],
  [
    'ML-DSA verify must return false',
    ['test/crypto/verify-traps.test.ts', 'random bytes of random lengths: false, never an exception'],
    ['test/crypto/verify-traps.test.ts', 'hint counts that go down'],
    ['test/crypto/verify-traps.test.ts', 'z at the bound'],
  ],
  [
    'SHA-256 streaming that is wrong',
    ['test/twin/wasm-sha256.test.ts', 'four lanes: every length, each with other data and other lengths beside it'],
    ['test/twin/wasm-sha256.test.ts', 'lanes refilled: every order of four lengths before a fifth'],
  ],
  ['The AssemblyScript compiler skips', { later: 'the WASM engine' }],
  ['CBOR: duplicate labels', { later: 'COSE exports' }],
];

describe('traps', () => {
  test.skipIf(!hasShared)('each line of the list has its proof, or waits for a part that is not there yet', () => {
    const lines = sharedFile('traps.md')
      .split('\n')
      .filter((line) => line.startsWith('- '))
      .map((line) => line.slice(2));
    expect(lines.length).toBeGreaterThan(30);
    for (const line of lines) {
      expect(
        TRAPS.filter(([trap]) => line.startsWith(trap)),
        line,
      ).toHaveLength(1);
    }
    expect(TRAPS).toHaveLength(lines.length);
  });
  test.each(TRAPS.map(([trap, ...proofs]) => [trap, proofs] as const))('%s', (_, proofs) => {
    for (const proof of proofs) {
      if ('later' in proof) expect(proof.later).not.toBe('');
      else if ('kit' in proof) expect(existsSync(`${root}vectors/tampered/${proof.kit}.jsonl`), proof.kit).toBe(true);
      else expect(readFileSync(root + proof[0], 'utf8'), proof[0]).toContain(proof[1]);
    }
  });
});
