import { expect } from 'vitest';
import { hasNativeMlDsa, nativeVerifier } from '../../src/crypto/engine-native-verify.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { sha256Hex } from '../../src/crypto/hash.ts';
import type { Verifier } from '../../src/crypto/verifier.ts';
import { closeEvent, recoveryEvent, rotationEvent, SHA256_OF_NOTHING } from '../../src/receipt/control.ts';
import type { VerifyOptions } from '../../src/verify/source.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { rawText } from '../../vectors/edit.ts';
import { remembering, verifyOnce, verifySplit } from '../tamper/run-kit.ts';
import { Dice, MUTATIONS, mutate, RELINKED } from './mutate.ts';

const alice = fixedKey('alice');
const ed = fixedKey('ed', 'Ed25519');
const eve = fixedKey('eve', 'Ed25519');

/** Whoever is fastest for each algorithm; the engines are compared elsewhere. */
const fastest: Verifier = {
  engine: 'noble',
  verify: (key, ...rest) =>
    (key.alg === 'Ed25519' || hasNativeMlDsa() ? nativeVerifier : nobleVerifier).verify(key, ...rest),
};

/** A valid log, and how it is verified. */
export interface Target {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly head: { readonly size: number; readonly hash: string };
  readonly options: VerifyOptions;
  /** Its unsigned entries could be rewritten and linked anew by anyone: then only a pin shows it. */
  readonly unsigned: boolean;
  /** It ends with its close. */
  readonly closed: boolean;
  /** Costs of a verification are those of ML-DSA. */
  readonly slow: boolean;
}

function target(
  name: string,
  log: LogBuilder,
  keys: Target['options']['trust'],
  slow: boolean,
  unsigned = false,
): Target {
  const options = { trust: keys, allowClassical: !slow, allowUnsignedTail: unsigned };
  const closed = name.endsWith('closed');
  return { name, bytes: log.bytes(), head: { size: log.size, hash: log.head }, options, unsigned, closed, slow };
}

/** Logs of every kind, none with a signature that could be left out. */
export function targets(): Target[] {
  const classical = trustKeys([{ key: ed.publicKey }]);
  const event = { agent: 'build-bot', action: { tool: 'fs.read', target: '/tmp/é\u2028\u{1f600}' }, type: 'tool_call' };
  const numbers = { data: [0, -1, 1e21, 5e-324, 0.1, true, null, { '': 1, '10': 2, '9': 3 }], type: 'custom' };
  const each = new LogBuilder([ed]).genesis().add(event).add(numbers).calls(3);
  const two = new LogBuilder([ed, eve], 'example.com/two/0').genesis().calls(2).add(event).add(numbers);
  const batch = new LogBuilder([ed])
    .genesis('batch')
    .calls(3, { by: [] })
    .add(event, { by: [] })
    .add(numbers, { by: [] });
  const lastHash = batch.head;
  batch.add(recoveryEvent({ firstSeq: 1, count: 5, lastHash, tornBytes: 0, tornSha256: SHA256_OF_NOTHING }));
  batch.calls(4, { by: [] });
  const rotated = new LogBuilder([ed]).genesis().calls(1);
  rotated.add(rotationEvent({ mode: 'each', keys: [eve.publicKey] }), { by: [ed, eve] });
  rotated.keys = [eve];
  rotated
    .add({ type: 'tool_call', sequence: 'q' })
    .add(closeEvent({ scope: 'sequence', sequence: 'q' }))
    .calls(1);
  rotated.add(closeEvent({ scope: 'log' }));
  const hybrid = new LogBuilder([alice, ed]).genesis().calls(1).add(event);
  return [
    target('each', each, classical, false),
    target('two keys', two, classical, false),
    target('batch', batch, classical, false, true),
    target('rotated and closed', rotated, classical, false),
    target('kid pinned', each, trustKeys([{ key: ed.publicKey.kid }]), false),
    target('hybrid', hybrid, trustKeys([{ key: alice.publicKey }]), true),
  ];
}

/** Longest time one verification may take, on a machine that does other things as well. */
const HANG_MS = 20_000;

/**
 * Mutate valid logs and verify what results.
 * @param share of the runs that go to logs whose verification is slow, in hundredths.
 * @returns how often each mutation was counted.
 */
export async function attack(runs: number, seed: number, pinned: boolean, share: number): Promise<Map<string, number>> {
  const dice = new Dice(seed);
  const all = targets();
  const engines = { verifier: remembering(fastest), sha256Hex };
  const counted = new Map<string, number>();
  for (const one of all) {
    const verdict = await verifyOnce(one.bytes, { ...one.options, expect: { head: one.head } }, engines);
    expect([verdict.verdict, verdict.tail.status], one.name).toEqual(['valid', 'complete']);
  }
  for (let run = 0; run < runs; ) {
    const slow = dice.below(100) < share;
    const victim = dice.pick(all.filter((one) => one.slow === slow));
    const other = dice.pick(all.filter((one) => one !== victim));
    const relink = pinned || !victim.unsigned;
    const mutations = relink && dice.below(10) === 0 ? RELINKED : MUTATIONS;
    const { how, bytes } = mutate(dice, victim.bytes, other.bytes, mutations);
    if (Buffer.from(bytes).equals(victim.bytes)) continue;
    run++;
    counted.set(how, (counted.get(how) ?? 0) + 1);
    const at = `seed ${seed}, run ${run}, ${victim.name}: ${how}`;
    const options = { ...victim.options, ...(pinned ? { expect: { head: victim.head } } : {}) };
    const began = Date.now();
    const verdict = await verifyOnce(bytes, options, engines);
    if (Date.now() - began > HANG_MS) throw new Error(`${at}: took ${Date.now() - began} ms`);
    if (verdict.verdict === 'valid') judgePass(victim, all, bytes, pinned, verdict.tail.status, at);
    if (run % 20 === 0) {
      for (const split of await verifySplit(bytes, options, engines)) {
        expect({ ...split, run: null }, at).toEqual({ ...verdict, run: null });
      }
    }
  }
  return counted;
}

/**
 * What may pass. With the head pinned: only the same lines without the last LF, which format section 6 takes for the line it is, and
 * then the tail is no longer complete. Without a pin: a genuine log (perhaps another of the same owner) from its beginning to the end
 * of some line, and the tail is unknown unless that is the close.
 */
function judgePass(
  victim: Target,
  all: readonly Target[],
  bytes: Uint8Array,
  pinned: boolean,
  tail: string,
  at: string,
): void {
  const after = rawText(bytes);
  if (pinned) {
    if (after !== rawText(victim.bytes).slice(0, -1)) throw new Error(`${at}: valid`);
    expect(tail, at).toBe('open');
    return;
  }
  const genuine = all
    .map((one) => ({ closed: one.closed, text: rawText(one.bytes) }))
    .find(({ text }) => {
      return text.startsWith(after) && (after.endsWith('\n') || text[after.length] === '\n');
    });
  if (genuine === undefined) throw new Error(`${at}: valid, and no clean cut`);
  const { closed, text } = genuine;
  const status =
    !closed || after.length < text.length - 1 ? 'unknown' : after.length === text.length ? 'complete' : 'open';
  expect(tail, at).toBe(status);
}
