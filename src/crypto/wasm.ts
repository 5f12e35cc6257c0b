import { equalBytes, fromBase64url } from '../base/bytes.ts';
import type { PublicKey } from './public-key.ts';
import { KEY_SIZES } from './public-key.ts';
import { VERIFIER_WASM } from './verifier-wasm.ts';

/** What assembly/verifier.ts exports; offsets and lengths are bytes of its memory, statuses 1 valid, 0 invalid, -1 a wrong call. */
export interface VerifierExports {
  readonly memory: WebAssembly.Memory;
  abiVersion(): number;
  publicKeyAt(): number;
  signatureAt(lane: number): number;
  muAt(): number;
  messageAt(): number;
  messageBytes(): number;
  pairMessageAt(lane: number): number;
  pairMessageBytes(): number;
  slots(): number;
  initialise(): void;
  prepareKey(slot: number): number;
  beginMessage(slot: number): number;
  absorbMessage(length: number): number;
  endMessage(): void;
  verifyMu(slot: number): number;
  verifyPair(slot: number, length0: number, length1: number): number;
  jobsAt(): number;
  jobCount(): number;
  nodesAt(): number;
  nodeCount(): number;
  hashJobs(count: number): number;
  hashNodePairs(count: number): number;
  merkleRootOfNodes(count: number): number;
}

/** The exports that this file knows how to call. */
const ABI_VERSION = 1;

const { publicKey: PUBLIC_KEY_BYTES, signature: SIGNATURE_BYTES } = KEY_SIZES['ML-DSA-65'];
const MU_BYTES = 64;

/** What one verification takes. @property parts the message M' in order, any lengths. @property signature any length. */
export interface VerifyJob {
  readonly key: PublicKey;
  readonly parts: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/** ML-DSA-65 verification by one instance of verifier.wasm, its prepared keys included. */
export interface VerifierKernel {
  /** @param parts the message M' in order, any lengths. @param signature any length. @returns whether it holds. */
  verify(key: PublicKey, parts: readonly Uint8Array[], signature: Uint8Array): boolean;
  /** The same over a given mu. @param mu any length; other than 64 bytes is never valid. */
  verifyMu(key: PublicKey, mu: Uint8Array, signature: Uint8Array): boolean;
  /** Many at a time: the answers of verify() in the order of `jobs`, sooner, because two under one key share their hashing. */
  verifyMany(jobs: readonly VerifyJob[]): boolean[];
}

/**
 * Start an instance, synchronously: it takes less than a millisecond. A thread that refuses that needs provideInstances() before.
 * @param bytes verifier.wasm; the embedded one unless given. @throws whatever WebAssembly throws where it is missing or forbidden.
 */
export function startVerifierKernel(bytes?: Uint8Array): VerifierKernel {
  const wasm = startInstance<VerifierExports>(bytes);
  // The memory of this ABI never grows, so that these views stay good.
  const view = (at: number, length: number): Uint8Array => new Uint8Array(wasm.memory.buffer, at, length);
  const pkView = view(wasm.publicKeyAt(), PUBLIC_KEY_BYTES);
  const signatureViews = [0, 1].map((lane) => view(wasm.signatureAt(lane), SIGNATURE_BYTES));
  const muView = view(wasm.muAt(), MU_BYTES);
  const messageView = view(wasm.messageAt(), wasm.messageBytes());
  const pairMessageViews = [0, 1].map((lane) => view(wasm.pairMessageAt(lane), wasm.pairMessageBytes()));
  const slotOf = slotsOf(wasm.slots(), (slot, key) => {
    pkView.set(key.bytes);
    done(wasm.prepareKey(slot));
  });

  const judge = (slot: number, signature: Uint8Array): boolean => {
    signatureViews[0]!.set(signature);
    const status = wasm.verifyMu(slot);
    if (status < 0) throw new TypeError('verifier.wasm: a call it refuses');
    return status === 1;
  };
  const verify = ({ key, parts, signature }: VerifyJob): boolean => {
    if (signature.length !== SIGNATURE_BYTES) return false;
    const slot = slotOf(key);
    done(wasm.beginMessage(slot));
    let filled = 0;
    for (const part of parts) {
      for (let at = 0; at < part.length; ) {
        // Whole as a rule; a view of a part is made only for what does not fit.
        const whole = at === 0 && part.length <= messageView.length - filled;
        const piece = whole ? part : part.subarray(at, at + messageView.length - filled);
        messageView.set(piece, filled);
        at += piece.length;
        filled += piece.length;
        if (filled < messageView.length) continue;
        done(wasm.absorbMessage(filled));
        filled = 0;
      }
    }
    done(wasm.absorbMessage(filled));
    wasm.endMessage();
    return judge(slot, signature);
  };
  const put = (lane: number, { parts, signature }: VerifyJob): number => {
    signatureViews[lane]!.set(signature);
    let length = 0;
    for (const part of parts) {
      pairMessageViews[lane]!.set(part, length);
      length += part.length;
    }
    return length;
  };
  const verifyPair = (first: VerifyJob, second: VerifyJob): number => {
    const status = wasm.verifyPair(slotOf(first.key), put(0, first), put(1, second));
    if (status < 0) throw new TypeError('verifier.wasm: a call it refuses');
    return status;
  };
  const canPair = ({ parts, signature }: VerifyJob): boolean =>
    signature.length === SIGNATURE_BYTES &&
    parts.reduce((length, part) => length + part.length, 0) <= wasm.pairMessageBytes();

  return {
    verify: (key, parts, signature) => verify({ key, parts, signature }),
    verifyMu(key, mu, signature) {
      if (mu.length !== MU_BYTES || signature.length !== SIGNATURE_BYTES) return false;
      const slot = slotOf(key);
      muView.set(mu);
      return judge(slot, signature);
    },
    verifyMany(jobs) {
      const answers = new Array<boolean>(jobs.length).fill(false);
      // Of each key, the job that waits for a second one.
      const waiting = new Map<PublicKey, number>();
      for (const [i, job] of jobs.entries()) {
        if (!canPair(job)) {
          answers[i] = verify(job);
          continue;
        }
        const other = waiting.get(job.key);
        if (other === undefined) {
          waiting.set(job.key, i);
          continue;
        }
        const valid = verifyPair(jobs[other]!, job);
        answers[other] = (valid & 1) !== 0;
        answers[i] = (valid & 2) !== 0;
        waiting.delete(job.key);
      }
      for (const i of waiting.values()) answers[i] = verify(jobs[i]!);
      return answers;
    },
  };
}

/** @returns whether this runtime's WebAssembly takes verifier.wasm: not where it is older than SIMD, the newest thing in there. */
export function areKernelsValid(): boolean {
  return WebAssembly.validate(fromBase64url(VERIFIER_WASM) as Uint8Array<ArrayBuffer>);
}

const compile = (bytes: Uint8Array): WebAssembly.Module => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);

/** The embedded module, compiled once. */
let embedded: WebAssembly.Module | undefined;

/** Instances in stock, where this thread cannot make one when it needs it. */
const stock: WebAssembly.Instance[] = [];
/** What one verification has at a time: one that checks signatures, one that reads lines, and one for a task of its own. */
const STOCK = 3;

/**
 * Compile and start some instances of the embedded module ahead. Chromium before 115 lets the thread of a page do neither at once
 * above 4 KiB. @throws whatever WebAssembly throws where it is missing or forbidden.
 */
export async function provideInstances(): Promise<void> {
  embedded ??= await WebAssembly.compile(fromBase64url(VERIFIER_WASM) as Uint8Array<ArrayBuffer>);
  while (stock.length < STOCK) stock.push(await WebAssembly.instantiate(embedded));
}

/** Start an instance and say what it exports. @param bytes another module than the embedded one: for tests. */
export function startInstance<T extends VerifierExports>(bytes?: Uint8Array): T {
  const wasm = instanceOf(bytes).exports as unknown as T;
  if (wasm.abiVersion() !== ABI_VERSION) throw new TypeError('verifier.wasm: another ABI version');
  wasm.initialise();
  return wasm;
}

function instanceOf(bytes: Uint8Array | undefined): WebAssembly.Instance {
  if (bytes !== undefined) return new WebAssembly.Instance(compile(bytes));
  const ready = stock.pop();
  if (ready !== undefined) return ready;
  embedded ??= compile(fromBase64url(VERIFIER_WASM));
  return new WebAssembly.Instance(embedded);
}

/** A status that must be 1. */
export function done(status: number): void {
  if (status !== 1) throw new TypeError('verifier.wasm: a call it refuses');
}

/**
 * Say which slot holds a key, preparing it first where none does, in place of the one that was asked for longest ago.
 * @param prepare fills a slot. @returns the lookup: by object, else by kid and bytes, since a key read twice is two objects.
 */
export function slotsOf(count: number, prepare: (slot: number, key: PublicKey) => void): (key: PublicKey) => number {
  const held: (PublicKey | undefined)[] = new Array(count).fill(undefined);
  const usedAt = new Array<number>(count).fill(0);
  let clock = 0;
  return (key) => {
    let slot = held.indexOf(key);
    if (slot < 0) slot = held.findIndex((other) => other?.kid === key.kid && equalBytes(other.bytes, key.bytes));
    if (slot < 0) {
      slot = usedAt.indexOf(Math.min(...usedAt));
      held[slot] = undefined;
      prepare(slot, key);
      held[slot] = key;
    }
    usedAt[slot] = ++clock;
    return slot;
  };
}
