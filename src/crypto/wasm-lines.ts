import { utf8 } from '../base/bytes.ts';
import type { SubtreeHash } from './hash.ts';
import { type LineBefore, type LineEngine, type LineVerifier, RECORD_WORDS } from './line-verifier.ts';
import { KEY_SIZES, type PublicKey } from './public-key.ts';
import { done, slotsOf, startInstance, type VerifierExports } from './wasm.ts';
import { subtreesOf } from './wasm-hash.ts';

/** What assembly/verifier.ts exports for lines. */
interface LineExports extends VerifierExports {
  kidsAt(): number;
  prefixAt(): number;
  schemaAt(): number;
  recordsAt(): number;
  recordCount(): number;
  chunkAt(): number;
  chunkBytes(): number;
  setPrefix(length: number): number;
  setAccepted(below: number): number;
  readLines(begin: number, end: number, hash: number, log: number, logEnd: number, time: number, seq: number): number;
}

/** KID_BYTES of assembly/layout.ts. */
const KID_BYTES = 48;
/** The shortest prefix region and schema region there are. */
const SCHEMA_BYTES = 16_384;

/** Instances that no verification has at the moment; one is enough for those who verify one log after the other. */
const idle: LineKernel[] = [];
const MOST_IDLE = 1;

/**
 * Our kernels for lines (assembly/lines.ts), an instance a verification: its memory holds the lines.
 * @param signatures whether they verify signatures; if not, all signed lines are left to the caller, as a cross-check wants it.
 */
export function wasmLines(signatures: boolean): LineEngine {
  return {
    open(schema, context) {
      try {
        const kernel = idle.pop() ?? new LineKernel();
        kernel.begin(schema, context, signatures);
        return kernel;
      } catch {
        return null;
      }
    },
  };
}

/** One instance of verifier.wasm as it reads lines. The memory of this ABI never grows, so that its views stay good. */
export class LineKernel implements LineVerifier {
  readonly bytes: Uint8Array;
  readonly records: Int32Array;
  readonly numbers: Float64Array;
  readonly subtrees: SubtreeHash;
  private readonly wasm: LineExports;
  private readonly slotOf: (key: PublicKey) => number;
  private readonly keys: PublicKey[] = [];
  private readonly kids: Uint8Array;
  /** Kids of this verification; no more than there are slots, so that reading anew has an end where keys come and go. */
  private readonly met = new Set<string>();
  private signatures = false;

  /** @param module another one than the embedded: for tests. */
  constructor(module?: Uint8Array) {
    const wasm = startInstance<LineExports>(module);
    const { buffer } = wasm.memory;
    this.wasm = wasm;
    this.subtrees = subtreesOf(wasm);
    this.bytes = new Uint8Array(buffer, wasm.chunkAt(), wasm.chunkBytes());
    this.records = new Int32Array(buffer, wasm.recordsAt(), wasm.recordCount() * RECORD_WORDS);
    this.numbers = new Float64Array(buffer, wasm.recordsAt(), (wasm.recordCount() * RECORD_WORDS) / 2);
    this.kids = new Uint8Array(buffer, wasm.kidsAt(), wasm.slots() * KID_BYTES);
    this.slotOf = slotsOf(wasm.slots(), (slot, key) => {
      new Uint8Array(buffer, wasm.publicKeyAt(), KEY_SIZES['ML-DSA-65'].publicKey).set(key.bytes);
      done(wasm.prepareKey(slot));
    });
  }

  /** Make it ready for a verification: it knows no key. */
  begin(schema: Uint8Array, context: string, signatures: boolean): void {
    const { wasm } = this;
    const { buffer } = wasm.memory;
    if (schema.length > SCHEMA_BYTES) throw new RangeError(`verifier.wasm: expected a schema of ${SCHEMA_BYTES} bytes`);
    new Uint8Array(buffer, wasm.schemaAt(), SCHEMA_BYTES).fill(0).set(schema);
    const ctx = utf8(context);
    done(wasm.setPrefix(2 + ctx.length));
    done(wasm.setAccepted(0));
    // What stands before the entry in M': 0x00 ‖ len(ctx) ‖ ctx. See FIPS 204 Algorithm 3.
    new Uint8Array(buffer, wasm.prefixAt(), 2 + ctx.length).set([0, ctx.length, ...ctx]);
    this.kids.fill(0);
    this.met.clear();
    this.signatures = signatures;
  }

  read(begin: number, end: number, { hashBegin, logBegin, logEnd, timeBegin, seq }: LineBefore): number {
    const count = this.wasm.readLines(begin, end, hashBegin, logBegin, logEnd, timeBegin, seq);
    if (count < 0) throw new TypeError('verifier.wasm: a call it refuses');
    return count;
  }

  accept(below: number): void {
    done(this.wasm.setAccepted(below));
  }

  know(key: PublicKey): void {
    if (!this.signatures || key.alg !== 'ML-DSA-65') return;
    const slot = this.slotOf(key);
    this.keys[slot] = key;
    this.kids.set(utf8(key.kid), slot * KID_BYTES);
    if (this.met.size < this.wasm.slots()) this.met.add(key.kid);
  }

  get known(): number {
    return this.met.size;
  }

  keyIn(slot: number): PublicKey {
    return this.keys[slot]!;
  }

  release(): void {
    if (idle.length < MOST_IDLE) idle.push(this);
  }
}
