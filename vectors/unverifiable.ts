import { concatBytes } from '../src/base/bytes.ts';
import { closeEvent } from '../src/receipt/control.ts';
import { LogBuilder } from './build.ts';
import { type Case, KEYS } from './case.ts';
import { open, pq, to } from './open-case.ts';

const { alice, bob, ed } = KEYS;

/** Logs whose signers nobody knows, or that demand less than they did. */
export function openSigners(): Case[] {
  return [...signers(), ...lowered()];
}

function signers(): Case[] {
  const unknown = { lines: { '1-3': 'UNKNOWN_SIGNER' } };
  const about = '3: complete and good signatures that rest on no outside key';
  const classical = '3: what vouches is classical only';
  const rotated = (): LogBuilder => {
    const log = pq().add(to('each', bob), { by: [alice, bob] });
    log.keys = [bob];
    return log;
  };
  return [
    open('no-key', about, pq().calls(2).bytes(), [], { ...unknown, signatures: [3, 3, 0, 0, 0] }),
    open('another-key', about, 'no-key', ['bob'], unknown),
    open(
      'kid-found-nowhere',
      '2: a pinned kid whose JWK is found nowhere is not known',
      'no-key',
      ['kid:bob'],
      unknown,
    ),
    open(
      'close-that-nobody-trusts',
      '8: complete only by a close that is accepted',
      pq()
        .add(closeEvent({ scope: 'log' }))
        .bytes(),
      [],
      {
        lines: { '1-2': 'UNKNOWN_SIGNER' },
      },
    ),
    open(
      'new-key-alone',
      '5: --key NEW alone leaves the entries before to unknown signers',
      rotated().calls(1).bytes(),
      ['bob'],
      {
        lines: { 1: 'UNKNOWN_SIGNER' },
        signatures: [4, 4, 0, 0, 0],
      },
    ),
    open(
      'new-kid-alone',
      '5: the same of a pinned kid, known on lines before it is named',
      newKidAlone(),
      ['kid:bob'],
      {
        lines: { 1: 'UNKNOWN_SIGNER' },
        signatures: [6, 7, 0, 0, 0],
      },
    ),
    open('classical-only', classical, new LogBuilder([ed]).genesis().calls(1).bytes(), ['ed'], {
      lines: { '1-2': 'CLASSICAL_ONLY' },
    }),
    open('hybrid-classical-key-alone', classical, new LogBuilder([alice, ed]).genesis().bytes(), ['ed'], {
      lines: { 1: 'CLASSICAL_ONLY' },
      signatures: [2, 2, 0, 0, 0],
    }),
    open(
      'classical-through-the-chain',
      '5: a key named only in the chain is as trusted as the entry naming it',
      classicalChain(),
      ['ed'],
      {
        lines: { '1-3': 'CLASSICAL_ONLY' },
      },
    ),
    open(
      'part-without-key',
      '3: without a chain requirement and with no outside key',
      concatBytes(...pq().calls(2).lines.slice(1)),
      [],
      {
        lines: { 1: 'PARTIAL UNKNOWN_SIGNER', 2: 'UNKNOWN_SIGNER' },
        signatures: [0, 0, 0, 0, 2],
      },
    ),
    open(
      'part-with-kid-found-nowhere',
      '2, 3: a pinned kid whose JWK is found nowhere is not known, so there is no outside key at all',
      'part-without-key',
      ['kid:bob'],
      {
        lines: { 1: 'PARTIAL UNKNOWN_SIGNER', 2: 'UNKNOWN_SIGNER' },
        signatures: [0, 0, 0, 0, 2],
      },
    ),
  ];
}

/** bob signs line 2, and is named by the rotation on line 3. */
function newKidAlone(): Uint8Array {
  const log = pq().calls(1, { by: [alice, bob] });
  log.add(to('each', alice, bob), { by: [alice, bob] });
  return log.calls(1, { by: [alice, bob] }).bytes();
}

/** An Ed25519 key vouches for the rotation that names an ML-DSA key; that key is no better than what vouched for it. */
function classicalChain(): Uint8Array {
  const log = new LogBuilder([ed]).genesis().add(to('each', alice, ed), { by: [alice, ed] });
  return log.calls(1, { by: [alice, ed] }).bytes();
}

function lowered(): Case[] {
  const about = '5: lowering is an algorithm that leaves the suite, or each → batch';
  const dropped = new LogBuilder([alice, ed]).genesis().add(to('each', alice), { by: [alice, ed] });
  const toBatch = pq().add(to('batch', alice));
  const toClassical = pq().add(to('each', ed), { by: [alice, ed] });
  return [
    open('lowered-suite', about, dropped.calls(1, { by: [alice] }).bytes(), ['alice'], {
      lines: { 2: 'REQUIREMENT_LOWERED' },
      signatures: [5, 5, 0, 0, 0],
    }),
    open('lowered-mode', about, toBatch.calls(2, { by: [] }).bytes(), ['alice'], {
      lines: { 2: 'REQUIREMENT_LOWERED', '3-4': 'UNSIGNED_TAIL' },
    }),
    open('lowered-to-classical', about, toClassical.calls(1, { by: [ed] }).bytes(), ['alice'], {
      lines: { 2: 'REQUIREMENT_LOWERED', 3: 'CLASSICAL_ONLY' },
    }),
  ];
}
