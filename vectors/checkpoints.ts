import { concatBytes, utf8 } from '../src/base/bytes.ts';
import { closeEvent, rotationEvent } from '../src/receipt/control.ts';
import { call, LogBuilder } from './build.ts';
import type { Folder } from './case.ts';
import { type Case, type Expected, KEYS, type Options } from './case.ts';
import { checkpointOf } from './checkpoint.ts';
import { withLine } from './edit.ts';

const { alice, bob, eve } = KEYS;

const LIFTS = '8: complete: size equals an outside checkpoint; open: more follows';
const COVERS = '3: ordinary entries of a batch log become signed when a checkpoint covers them';
const TRUSTED =
  '8: a checkpoint without the lines the requirement asks for, or with one that fails, lifts and covers nothing';
const INSIDE = '8: checkpoints in the log folder never lift unknown';
const FORKED = '8: forked: the root differs';
const TRUNCATED = '8: truncated: shorter than a checkpoint';
const RESUME = '8: --resume C: 1..n not re-checked, accepted from C';

const batch = (): LogBuilder => new LogBuilder([alice]).genesis('batch').calls(6, { by: [] });
const hybrid = (): LogBuilder => new LogBuilder([alice, KEYS.ed]).genesis('batch').calls(3, { by: [] });
const each = (): LogBuilder => new LogBuilder([alice]).genesis().calls(4);

/** Checkpoints that cases name, by file. */
type Notes = Readonly<Record<string, Uint8Array>>;

function from(notes: Notes, trust: Case['trust'] = ['alice']) {
  return (name: string, about: string, bytes: Uint8Array | string, options: Options, expect: Expected): Case => {
    const { checkpoints = [], log_checkpoints = [], resume } = options;
    const named = [...checkpoints, ...log_checkpoints, ...(resume === undefined ? [] : [resume])];
    const files = Object.fromEntries(named.map((file) => [file, notes[file]!]));
    return { name, about, bytes, trust, options, expect, checkpoints: files };
  };
}

/** Logs with checkpoints, outside of them and in their folder. */
export function checkpointCases(): Record<Folder, Case[]> {
  const log = batch();
  const two = hybrid();
  const signed = each();
  const rotated = new LogBuilder([alice]).genesis('batch').calls(2, { by: [] });
  rotated.add(rotationEvent({ mode: 'batch', keys: [bob.publicKey] }), { by: [alice, bob] });
  rotated.keys = [bob];
  rotated.calls(3, { by: [] });
  const rewritten = new LogBuilder([alice]).genesis('batch').calls(3, { by: [] });
  rewritten.add(call(99), { by: [] }).calls(2, { by: [] });
  const closed = batch().add(closeEvent({ scope: 'log' }));
  const text = new TextDecoder();
  const changed = (note: Uint8Array, change: (lines: string) => string): Uint8Array => utf8(change(text.decode(note)));
  const all = checkpointOf(log, 7, [alice]);
  const notes: Notes = {
    'batch-2.checkpoint': checkpointOf(log, 2, [alice]),
    'batch-4.checkpoint': checkpointOf(log, 4, [alice]),
    'batch-7.checkpoint': all,
    'batch-7-by-bob.checkpoint': checkpointOf(log, 7, [bob]),
    'batch-7-for-entries.checkpoint': checkpointOf(log, 7, [alice], { context: 'perdure/entry/v1' }),
    'batch-7-other-root.checkpoint': checkpointOf(log, 7, [alice], { root: new Uint8Array(32).fill(7) }),
    'batch-7-other-size.checkpoint': changed(all, (lines) => lines.replace('\n7\n', '\n6\n')),
    'batch-9.checkpoint': checkpointOf(log, 7, [alice], { size: 9 }),
    'hybrid-4.checkpoint': checkpointOf(two, 4, [alice, KEYS.ed]),
    'hybrid-4-by-alice.checkpoint': checkpointOf(two, 4, [alice]),
    'hybrid-4-by-ed.checkpoint': checkpointOf(two, 4, [KEYS.ed]),
    'hybrid-4-with-eve.checkpoint': checkpointOf(two, 4, [alice, eve]),
    'each-3.checkpoint': checkpointOf(signed, 3, [alice]),
    'each-5.checkpoint': checkpointOf(signed, 5, [alice]),
    'rotated-7-by-bob.checkpoint': checkpointOf(rotated, 7, [bob]),
    'rotated-7-by-alice.checkpoint': checkpointOf(rotated, 7, [alice]),
    'rotated-3.checkpoint': checkpointOf(rotated, 3, [alice]),
    'closed-8.checkpoint': checkpointOf(closed, 8, [alice]),
  };
  const one = from(notes);
  const cut = concatBytes(...log.lines.slice(0, 5));
  const unreadable = concatBytes(...withLine(log.lines, 6, () => '{"entry":nothing}\n'));
  const base = { name: 'checkpoint-covers', bytes: log.bytes() };
  return {
    receipts: [
      one(base.name, COVERS, base.bytes, { checkpoints: ['batch-7.checkpoint'] }, { tail: 'complete checkpoint 7' }),
      one('checkpoint-in-the-folder-covers', INSIDE, base.name, { log_checkpoints: ['batch-7.checkpoint'] }, {}),
      one(
        'checkpoints-older-ones-too',
        LIFTS,
        base.name,
        { checkpoints: ['batch-4.checkpoint', 'batch-7.checkpoint', 'batch-2.checkpoint'] },
        { tail: 'complete checkpoint 7' },
      ),
      one(
        'checkpoint-covers-some-rest-allowed',
        '3: unless --allow-unsigned-tail',
        base.name,
        { checkpoints: ['batch-4.checkpoint'], allow_unsigned_tail: true },
        { tail: 'open checkpoint 4', notes: { '5-7': 'UNSIGNED_TAIL' } },
      ),
      one(
        'checkpoint-by-every-key',
        '3: checkpoints obey the requirement: every line it names is there and verifies',
        two.bytes(),
        { checkpoints: ['hybrid-4.checkpoint'] },
        { tail: 'complete checkpoint 4' },
      ),
      one(
        'checkpoint-of-signed-entries',
        LIFTS,
        signed.bytes(),
        { checkpoints: ['each-3.checkpoint'] },
        { tail: 'open checkpoint 3' },
      ),
      one(
        'checkpoint-after-rotation',
        '5: a rotation rules from n+1: the keys after the last entry sign the checkpoint',
        rotated.bytes(),
        { checkpoints: ['rotated-7-by-bob.checkpoint', 'rotated-3.checkpoint'] },
        { tail: 'complete checkpoint 7' },
      ),
      one(
        'checkpoint-of-a-closed-log',
        LIFTS,
        closed.bytes(),
        { checkpoints: ['closed-8.checkpoint'] },
        { tail: 'complete checkpoint 8' },
      ),
      one(
        'resume',
        RESUME,
        'checkpoint-of-signed-entries',
        { resume: 'each-3.checkpoint' },
        { tail: 'open checkpoint 3', accepted: 3 },
      ),
      one(
        'resume-nothing-new',
        RESUME,
        'checkpoint-of-signed-entries',
        { resume: 'each-5.checkpoint' },
        { tail: 'complete checkpoint 5', accepted: 5 },
      ),
    ],
    tampered: [
      one(
        'checkpoint-truncated',
        TRUNCATED,
        cut,
        { checkpoints: ['batch-7.checkpoint', 'batch-4.checkpoint'] },
        {
          tail: 'truncated checkpoint 7',
          log: 'TAIL_TRUNCATED',
          lines: { 5: 'UNSIGNED_TAIL' },
        },
      ),
      one(
        'checkpoint-of-an-empty-log',
        TRUNCATED,
        new Uint8Array(0),
        { checkpoints: ['batch-2.checkpoint'] },
        {
          tail: 'truncated checkpoint 2',
          log: 'TAIL_TRUNCATED EMPTY',
        },
      ),
      one(
        'checkpoint-in-the-folder-truncated',
        TRUNCATED,
        'checkpoint-truncated',
        { log_checkpoints: ['batch-7.checkpoint'] },
        {
          tail: 'truncated checkpoint 7',
          log: 'TAIL_TRUNCATED',
          lines: { '2-5': 'UNSIGNED_TAIL' },
        },
      ),
      one(
        'checkpoint-forked',
        FORKED,
        rewritten.bytes(),
        { checkpoints: ['batch-7.checkpoint', 'batch-4.checkpoint', 'batch-2.checkpoint'] },
        {
          tail: 'forked checkpoint 7',
          log: 'TAIL_FORKED',
          lines: { '5-7': 'UNSIGNED_TAIL' },
        },
      ),
      one(
        'checkpoint-forked-allowed-tail',
        FORKED,
        'checkpoint-forked',
        { checkpoints: ['batch-7.checkpoint'], allow_unsigned_tail: true },
        {
          tail: 'forked checkpoint 7',
          log: 'TAIL_FORKED',
          notes: { '2-7': 'UNSIGNED_TAIL' },
        },
      ),
      one(
        'checkpoints-two-of-one-size',
        FORKED,
        log.bytes(),
        { checkpoints: ['batch-7.checkpoint', 'batch-7-other-root.checkpoint'] },
        {
          tail: 'forked checkpoint 7',
          log: 'TAIL_FORKED',
        },
      ),
      one(
        'checkpoint-over-an-unreadable-line',
        '8: a pin that cannot be compared is PIN_UNCHECKED',
        unreadable,
        { checkpoints: ['batch-7.checkpoint', 'batch-4.checkpoint'] },
        {
          tail: 'open checkpoint 4',
          log: 'PIN_UNCHECKED',
          lines: { 5: 'UNSIGNED_TAIL', 6: 'MALFORMED', 7: 'UNSIGNED_TAIL' },
        },
      ),
      one(
        'resume-forked',
        RESUME,
        'checkpoint-forked',
        { resume: 'batch-7.checkpoint' },
        {
          tail: 'forked checkpoint 7',
          log: 'TAIL_FORKED',
          lines: { '2-7': 'UNSIGNED_TAIL' },
          accepted: 1,
        },
      ),
    ],
    unverifiable: [
      one(
        'checkpoint-covers-some',
        COVERS,
        log.bytes(),
        { checkpoints: ['batch-4.checkpoint'] },
        {
          tail: 'open checkpoint 4',
          lines: { '5-7': 'UNSIGNED_TAIL' },
        },
      ),
      ...(
        [
          ['checkpoint-by-another-key', 'batch-7-by-bob.checkpoint'],
          ['checkpoint-signed-for-another-use', 'batch-7-for-entries.checkpoint'],
          ['checkpoint-with-another-size', 'batch-7-other-size.checkpoint'],
        ] as const
      ).flatMap(([name, file]) => [
        one(
          name,
          TRUSTED,
          'checkpoint-covers-some',
          { checkpoints: [file] },
          {
            log: 'CHECKPOINT_UNTRUSTED',
            lines: { '2-7': 'UNSIGNED_TAIL' },
          },
        ),
      ]),
      one(
        'checkpoint-hybrid',
        '3: an Ed25519 line never stands in for the ML-DSA line',
        two.bytes(),
        { checkpoints: ['hybrid-4-by-ed.checkpoint'] },
        {
          log: 'CHECKPOINT_UNTRUSTED',
          lines: { '2-4': 'UNSIGNED_TAIL' },
        },
      ),
      one(
        'checkpoint-hybrid-one-line-missing',
        TRUSTED,
        'checkpoint-hybrid',
        { checkpoints: ['hybrid-4-by-alice.checkpoint'] },
        {
          log: 'CHECKPOINT_UNTRUSTED',
          lines: { '2-4': 'UNSIGNED_TAIL' },
        },
      ),
      one(
        'checkpoint-hybrid-another-key-instead',
        TRUSTED,
        'checkpoint-hybrid',
        { checkpoints: ['hybrid-4-with-eve.checkpoint'] },
        {
          log: 'CHECKPOINT_UNTRUSTED',
          lines: { '2-4': 'UNSIGNED_TAIL' },
        },
      ),
      one(
        'checkpoint-by-a-retired-key',
        '5: after a rotation the old key is refused',
        rotated.bytes(),
        { checkpoints: ['rotated-7-by-alice.checkpoint'] },
        {
          log: 'CHECKPOINT_UNTRUSTED',
          lines: { '2-3,5-7': 'UNSIGNED_TAIL' },
        },
      ),
      one(
        'resume-from-another-key',
        RESUME,
        'checkpoint-covers-some',
        { resume: 'batch-7-by-bob.checkpoint' },
        {
          log: 'CHECKPOINT_UNTRUSTED',
          lines: { '2-7': 'UNSIGNED_TAIL' },
          accepted: 1,
        },
      ),
      from(notes, [])(
        'checkpoint-by-nobody-known',
        '3: UNKNOWN_SIGNER: it rests on no outside key',
        'checkpoint-covers-some',
        { checkpoints: ['batch-7.checkpoint'] },
        {
          tail: 'complete checkpoint 7',
          lines: { '1-7': 'UNKNOWN_SIGNER' },
        },
      ),
      from(notes, ['bob'])(
        'checkpoint-trust-does-not-reach-back',
        '5: --key NEW alone leaves the entries before UNKNOWN_SIGNER',
        'checkpoint-by-a-retired-key',
        { checkpoints: ['rotated-7-by-bob.checkpoint'] },
        {
          tail: 'complete checkpoint 7',
          lines: { '1-3': 'UNKNOWN_SIGNER' },
        },
      ),
    ],
  };
}
