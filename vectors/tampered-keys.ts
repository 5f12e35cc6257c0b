import { concatBytes } from '../src/base/bytes.ts';
import { closeEvent, rotationEvent } from '../src/receipt/control.ts';
import { fixedKey, type LogBuilder, rawSignature } from './build.ts';
import { type Case, KEYS } from './case.ts';
import { rawBytes, replaceOnce, withLine } from './edit.ts';
import { cl, classical, EVERY, flipped, hybrid, pq, signed, spoiled } from './signed-case.ts';

const { alice, bob, ed, eve } = KEYS;

function rotations(): Case[] {
  const about = '5: a rotation is signed by every key of the old requirement and by each new key, and rules from n+1';
  const retired = "5: a retired key's signature makes a later line invalid, even beside good ones";
  const to = (...keys: (typeof alice)[]): object =>
    rotationEvent({ mode: 'each', keys: keys.map((key) => key.publicKey) });
  const rotated = (by = [ed, eve]): LogBuilder => {
    const log = cl().add(to(eve), { by });
    log.keys = [eve];
    return log;
  };
  const many = Array.from({ length: 8 }, (_, i) => fixedKey(`many ${i}`, 'Ed25519'));
  const spoiledNew = cl().add(to(eve), {
    signatures: (entry) => [rawSignature(ed, entry), spoiled(eve, flipped)(entry)],
  });
  const editedHash = rotated().calls(1).lines;
  return [
    classical('rotation-without-old-signature', about, rotated([eve]).calls(1).bytes(), ['ed'], {
      lines: { 2: 'SIGNATURE_MISSING', 3: 'SIGNATURE_MISSING' },
      good: '1',
      signatures: [4, 2, 0, 2, 1],
    }),
    classical('rotation-without-new-signature', about, rotated([ed]).calls(1).bytes(), ['ed'], {
      lines: { 2: 'SIGNATURE_MISSING', 3: 'SIGNATURE_MISSING' },
      good: '1',
      signatures: [4, 2, 0, 2, 1],
    }),
    classical('rotation-new-signature-bad', about, spoiledNew.calls(1).bytes(), ['ed'], {
      lines: { 2: 'SIGNATURE_INVALID' },
      good: '1,3',
      signatures: [4, 3, 1, 0, 0],
    }),
    classical('rotation-unsigned', about, rotated([]).calls(1).bytes(), ['ed'], {
      lines: { 2: 'SIGNATURE_MISSING', 3: 'SIGNATURE_MISSING' },
      good: '1',
      signatures: [4, 1, 0, 3, 1],
    }),
    classical(
      'rotation-by-stranger',
      about,
      cl()
        .add(to(eve), { by: [eve] })
        .calls(1, { by: [ed] })
        .bytes(),
      ['ed', 'eve'],
      {
        lines: { 2: 'SIGNATURE_MISSING' },
        good: '1,3',
      },
    ),
    classical(
      'rotation-on-edited-line-rules',
      `${about}, whatever else is wrong with its line`,
      withLine(editedHash, 2, (line) => line.replace(/"hash":"\w{4}/, '"hash":"0000')),
      ['ed'],
      {
        lines: { 2: 'HASH_MISMATCH', 3: 'CHAIN_BROKEN' },
        good: '1-3',
      },
    ),
    classical(
      'rotation-old-and-new-9-keys',
      '4: old ∪ new at most 8; such a rotation changes nothing',
      cl()
        .add(to(...many), { by: many.slice(0, 7).concat(ed) })
        .calls(1)
        .bytes(),
      ['ed'],
      {
        lines: { 2: 'CONTROL_SCHEMA SIGNATURE_MISSING' },
        good: '1,3',
        signatures: [11, 10, 0, 1, 0],
      },
    ),
    classical(
      'retired-key-alone',
      retired,
      rotated()
        .calls(1, { by: [ed] })
        .bytes(),
      ['ed'],
      {
        lines: { 3: 'KEY_RETIRED SIGNATURE_MISSING' },
        good: '1-2',
        signatures: [4, 3, 1, 1, 0],
      },
    ),
    classical(
      'retired-key-beside-good-one',
      retired,
      rotated()
        .calls(1, { by: [ed, eve] })
        .bytes(),
      ['ed'],
      {
        lines: { 3: 'KEY_RETIRED' },
        good: '1-3',
        signatures: [4, 4, 1, 0, 0],
      },
    ),
    classical(
      'retired-key-backdated',
      '5: position decides first, whatever time says',
      rotated()
        .calls(1, { by: [ed], frame: { time: '2026-11-20T20:34:00.000Z' } })
        .bytes(),
      ['ed'],
      {
        lines: { 3: 'KEY_RETIRED SIGNATURE_MISSING' },
        notes: { 3: 'CLOCK_BACKWARDS' },
        good: '1-2',
      },
    ),
    classical(
      'retired-key-bad-signature',
      '5: a bad signature by a retired key is SIGNATURE_INVALID',
      rotated()
        .calls(1, { signatures: (entry) => [spoiled(ed, flipped)(entry), rawSignature(eve, entry)] })
        .bytes(),
      ['ed'],
      { lines: { 3: 'SIGNATURE_INVALID' }, good: '1-3' },
    ),
    signed('retired-key-post-quantum', retired, retiredPq(), ['alice'], { lines: { 3: 'KEY_RETIRED' } }),
    classical(
      'old-keys-after-rotation-to-both',
      EVERY,
      cl()
        .add(to(ed, eve), { by: [ed, eve] })
        .calls(1, { by: [ed] })
        .bytes(),
      ['ed'],
      {
        lines: { 3: 'SIGNATURE_MISSING' },
        good: '1-2',
      },
    ),
    signed('part-with-rotation-new-key-missing', about, partRotated([alice]), ['alice'], {
      lines: { 1: 'PARTIAL', 3: 'SIGNATURE_MISSING' },
      signatures: [4, 4, 0, 1, 0],
    }),
    signed('rotation-lowers-and-line-unsigned', '5: the lowered rules apply', loweredUnsigned(), ['alice'], {
      lines: { 2: 'REQUIREMENT_LOWERED', 3: 'SIGNATURE_MISSING' },
    }),
  ];
}

/** A part of a log, with a rotation from alice to bob in it; the last line is signed by `by`. */
export function partRotated(by: readonly (typeof alice)[]): Uint8Array {
  const log = pq().calls(1);
  log.add(rotationEvent({ mode: 'each', keys: [bob.publicKey] }), { by: [alice, bob] }).calls(1, { by });
  return concatBytes(...log.lines.slice(1));
}

function retiredPq(): Uint8Array {
  const log = pq().add(rotationEvent({ mode: 'each', keys: [bob.publicKey] }), { by: [alice, bob] });
  return log.calls(1, { by: [alice, bob] }).bytes();
}

function loweredUnsigned(): Uint8Array {
  const log = hybrid().add(rotationEvent({ mode: 'each', keys: [alice.publicKey] }), { by: [alice, ed] });
  return log.calls(1, { by: [] }).bytes();
}

function closes(): Case[] {
  const about = '4: every line after a signed close of the log is invalid';
  const close = closeEvent({ scope: 'log' });
  return [
    classical('after-close', about, cl().add(close).calls(2).bytes(), ['ed'], {
      lines: { '3-4': 'AFTER_CLOSE' },
      good: '1-4',
    }),
    classical('after-close-another-close', about, cl().add(close).add(close).bytes(), ['ed'], {
      lines: { 3: 'AFTER_CLOSE' },
      good: '1-3',
    }),
    classical(
      'after-close-garbage',
      `${about}; one that does not parse is so by its form`,
      concatBytes(cl().add(close).bytes(), rawBytes('garbage\n')),
      ['ed'],
      {
        lines: { 3: 'MALFORMED' },
        good: '1-2',
      },
    ),
    signed(
      'after-close-that-nobody-trusts',
      `${about}: no trust is needed to close`,
      cl().add(close).calls(1).bytes(),
      [],
      {
        lines: { '1-2': 'UNKNOWN_SIGNER', 3: 'AFTER_CLOSE UNKNOWN_SIGNER' },
      },
    ),
    classical(
      'close-unsigned-closes-nothing',
      '4: only a signed close',
      cl().add(close, { by: [] }).calls(1).bytes(),
      ['ed'],
      {
        lines: { 2: 'SIGNATURE_MISSING' },
        good: '1,3',
      },
    ),
    classical(
      'close-by-stranger-closes-nothing',
      '4: only a signed close',
      cl()
        .add(close, { by: [eve] })
        .calls(1)
        .bytes(),
      ['ed'],
      {
        lines: { 2: 'SIGNATURE_MISSING' },
        good: '1,3',
      },
    ),
    classical(
      'close-edited-completes-nothing',
      '8: complete when the last entry is a close whose own line is accepted',
      withLine(cl().add(close).lines, 2, (line) => line.replace(/"hash":"\w{4}/, '"hash":"0000')),
      ['ed'],
      {
        lines: { 2: 'HASH_MISMATCH' },
        good: '1-2',
      },
    ),
    classical(
      'after-close-edited',
      `${about}; signed is signed, whatever else is wrong with the line`,
      withLine(cl().add(close).calls(1).lines, 2, (line) => line.replace(/"hash":"\w{4}/, '"hash":"0000')),
      ['ed'],
      { lines: { 2: 'HASH_MISMATCH', 3: 'CHAIN_BROKEN AFTER_CLOSE' }, good: '1-3' },
    ),
    classical(
      'close-good-after-edited-line',
      '8: complete whatever other lines say',
      withLine(cl().calls(1).add(close).lines, 2, (line) => replaceOnce(line, 'build-bot', 'built-bot')),
      ['ed'],
      {
        lines: { 2: 'HASH_MISMATCH SIGNATURE_INVALID' },
        tail: 'complete close',
        good: '1,3',
      },
    ),
  ];
}

/** Keys that are not in force, and lines after a close. */
export function tamperedKeys(): Case[] {
  return [...rotations(), ...closes()];
}
