import { fromBase64url, toBase64url, utf8, utf8Text } from '../base/bytes.ts';
import type { Head } from '../chain/chain.ts';
import type { Mac } from '../crypto/mac.ts';
import type { AllowedCall } from './rates.ts';
import type { SequenceState } from './sequences.ts';
import { type Approval, GateState, type OpenCall, type RecentOutcome } from './state.ts';

const SCHEMA = 'perdure/gate-snapshot/v1';

/** A state as JSON: rows without names, since there are many. */
interface Written {
  readonly schema: typeof SCHEMA;
  readonly log: string;
  readonly head: Head;
  readonly highest_ms: number;
  readonly nonces: readonly (readonly [nonce: string, requestedAtMs: number, seq: number, outcomeSeq: number | null])[];
  readonly sequences: readonly (readonly [name: string, state: SequenceState])[];
  readonly open: readonly (readonly [hash: string, call: OpenCall])[];
  readonly approvals: readonly (readonly [nonce: string, given: Approval[]])[];
  readonly outcomes: readonly (readonly [hash: string, outcome: RecentOutcome])[];
  readonly calls: readonly AllowedCall[];
  readonly change: GateState['change'];
}

/**
 * Write what a gate knows, so that a start need not read the whole log again:
 *
 *     {"mac":"<base64url of HMAC-SHA256 over the bytes of state>","state":{…}}
 *
 * The MAC's key is the keystore's: whoever can write the log's folder cannot make a snapshot that is believed.
 */
export function writeSnapshot(state: GateState, log: string, mac: Mac): Uint8Array {
  const written: Written = {
    schema: SCHEMA,
    log,
    head: state.head,
    highest_ms: state.highestMs,
    nonces: [...state.nonces.entries()].map(([nonce, n]) => [nonce, n.requestedAtMs, n.seq, n.outcomeSeq]),
    sequences: [...state.sequences],
    open: [...state.open],
    approvals: [...state.approvals],
    outcomes: [...state.outcomes],
    calls: state.rates.calls(),
    change: state.change,
  };
  const text = JSON.stringify(written);
  return utf8(`{"mac":"${toBase64url(mac.tag(utf8(text)))}","state":${text}}`);
}

const OPENING = '{"mac":"';
const BETWEEN = '","state":';
/** Base64url of 32 bytes. */
const TAG_CHARS = 43;

/**
 * Read a snapshot. Nothing of it is looked at before its MAC holds.
 * @returns the state; null when it is not ours, of another log, or cut: then the log is read instead.
 */
export function readSnapshot(bytes: Uint8Array, log: string, mac: Mac): GateState | null {
  const stateAt = OPENING.length + TAG_CHARS + BETWEEN.length;
  if (bytes.length <= stateAt + 1) return null;
  const tag = tagOf(bytes.subarray(OPENING.length, OPENING.length + TAG_CHARS));
  const body = bytes.subarray(stateAt, bytes.length - 1);
  if (tag === null || !mac.check(body, tag)) return null;
  const written = JSON.parse(utf8Text(body)) as Written;
  return written.schema === SCHEMA && written.log === log ? restored(written) : null;
}

function tagOf(text: Uint8Array): Uint8Array | null {
  try {
    return fromBase64url(utf8Text(text));
  } catch {
    return null;
  }
}

function restored(written: Written): GateState {
  const state = new GateState();
  state.head = written.head;
  state.highestMs = written.highest_ms;
  state.nonces.advance(written.highest_ms);
  for (const [nonce, requestedAtMs, seq, outcomeSeq] of written.nonces) {
    state.nonces.spend(nonce, { requestedAtMs, seq, outcomeSeq });
  }
  for (const [name, one] of written.sequences) state.sequences.set(name, one);
  for (const [hash, call] of written.open) state.open.set(hash, call);
  for (const [nonce, given] of written.approvals) state.approvals.set(nonce, given);
  for (const [hash, outcome] of written.outcomes) state.outcomes.set(hash, outcome);
  for (const call of written.calls) state.rates.add(call);
  state.change = written.change;
  return state;
}
