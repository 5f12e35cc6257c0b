import { fromBase64url, wipe } from '../base/bytes.ts';
import { SIGNER_WASM } from './signer-wasm.ts';

/** What assembly/signer.ts exports; offsets and lengths are bytes of its memory, statuses 1 done, 0 no, -1 a wrong call. */
interface SignerExports {
  readonly memory: WebAssembly.Memory;
  abiVersion(): number;
  secretKeyAt(): number;
  rndAt(): number;
  signatureAt(): number;
  muAt(): number;
  messageAt(): number;
  messageBytes(): number;
  initialise(): void;
  prepareKey(): number;
  beginMessage(): number;
  absorbMessage(length: number): number;
  endMessage(): void;
  sign(): number;
  wipeAll(): void;
}

/** The exports that this file knows how to call. */
const ABI_VERSION = 1;

const SECRET_KEY_BYTES = 4032;
const SIGNATURE_BYTES = 3309;
const MU_BYTES = 64;
const RND_BYTES = 32;

/** ML-DSA-65 signing with one prepared key by one instance of signer.wasm. What fails wipes the instance, and it signs no more. */
export interface SignerKernel {
  /** @param parts the message M' in order, any lengths. @param rnd 32 bytes, only read. @returns 3309 bytes, yours. @throws Error */
  sign(parts: readonly Uint8Array[], rnd: Uint8Array): Uint8Array;
  /** The same over a given mu of 64 bytes. */
  signMu(mu: Uint8Array, rnd: Uint8Array): Uint8Array;
  /** Overwrite the instance's memory with zeros; it signs no more. */
  dispose(): void;
}

/**
 * Start an instance for a key. @param expanded 4032 bytes (skEncode form), copied into the instance. @param bytes signer.wasm; the
 * embedded one unless given. @throws whatever WebAssembly throws where it is missing, forbidden or without SIMD; Error for a key whose
 * s1 or s2 is out of range.
 */
export function startSignerKernel(expanded: Uint8Array, bytes: Uint8Array = fromBase64url(SIGNER_WASM)): SignerKernel {
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const wasm = new WebAssembly.Instance(module).exports as unknown as SignerExports;
  if (wasm.abiVersion() !== ABI_VERSION) throw new TypeError('signer.wasm: another ABI version');
  wasm.initialise();
  // The memory of this ABI never grows, so that these views stay good.
  const view = (at: number, length: number): Uint8Array => new Uint8Array(wasm.memory.buffer, at, length);
  const messageView = view(wasm.messageAt(), wasm.messageBytes());
  const muView = view(wasm.muAt(), MU_BYTES);
  const rndView = view(wasm.rndAt(), RND_BYTES);
  const signatureView = view(wasm.signatureAt(), SIGNATURE_BYTES);

  /** Run one step; a failure, a trap included, leaves nothing behind. */
  const guarded = <T>(step: () => T): T => {
    try {
      return step();
    } catch (error) {
      wasm.wipeAll();
      throw error;
    }
  };
  const signature = (rnd: Uint8Array): Uint8Array => {
    if (rnd.length !== RND_BYTES) throw new RangeError(`signer.wasm: expected ${RND_BYTES} bytes of rnd`);
    rndView.set(rnd);
    done(wasm.sign());
    const out = signatureView.slice();
    wipe(messageView);
    return out;
  };

  guarded(() => {
    if (expanded.length !== SECRET_KEY_BYTES) throw new RangeError(`signer.wasm: expected ${SECRET_KEY_BYTES} bytes`);
    view(wasm.secretKeyAt(), SECRET_KEY_BYTES).set(expanded);
    done(wasm.prepareKey());
  });
  return {
    sign: (parts, rnd) =>
      guarded(() => {
        done(wasm.beginMessage());
        for (const part of parts) {
          for (let at = 0; at < part.length; at += messageView.length) {
            const piece = part.subarray(at, at + messageView.length);
            messageView.set(piece);
            done(wasm.absorbMessage(piece.length));
          }
        }
        wasm.endMessage();
        return signature(rnd);
      }),
    signMu: (mu, rnd) =>
      guarded(() => {
        if (mu.length !== MU_BYTES) throw new RangeError(`signer.wasm: expected ${MU_BYTES} bytes of mu`);
        muView.set(mu);
        return signature(rnd);
      }),
    dispose: () => wasm.wipeAll(),
  };
}

function done(status: number): void {
  if (status !== 1) throw new TypeError('signer.wasm: a call it refuses');
}
