/**
 * Packing for signing: FIPS 204 Algorithms 19 (bitUnpack of s1, s2 and t0), 17 (bitPack of z), 20 (hintBitPack). Sees secrets: no
 * branch and no address depends on one; hintBitPack branches on the hint, which is published when it runs.
 */
import { COMMITMENT_BYTES, D, GAMMA1, K, L, N, OMEGA, SIGNATURE, Z_BYTES } from './layout';
import { ETA, HINTS, Y } from './signer-layout';

/**
 * In: 128 bytes at `packed`, 4 bits a coefficient. Out: 512 i8 at `sparse`: -s[0..255], then s[0..255], |s| <= ETA.
 * @returns the largest value packed, above 2 * ETA in what no key generation writes.
 */
export function unpackEta(packed: usize, sparse: usize): i32 {
  let largest: i32 = 0;
  for (let n: usize = 0; n < <usize>N; n += 2) {
    const byte = <i32>load<u8>(packed + (n >> 1));
    const a = byte & 15;
    const b = byte >> 4;
    largest = max<i32>(largest, max<i32>(a, b));
    store<i8>(sparse + n, <i8>(a - ETA), 0);
    store<i8>(sparse + n, <i8>(b - ETA), 1);
    store<i8>(sparse + n, <i8>(ETA - a), N);
    store<i8>(sparse + n, <i8>(ETA - b), N + 1);
  }
  return largest;
}

/** In: 416 bytes at `packed`, 13 bits a coefficient, and four readable bytes behind them. Out: t0 at `poly`, -2^12 < t0 <= 2^12. */
export function unpackT0(packed: usize, poly: usize): void {
  let bit: usize = 0;
  for (let n: i32 = 0; n < N; n++) {
    const bits = load<u32>(packed + (bit >> 3)) >> <u32>(bit & 7);
    store<i32>(poly, (1 << (D - 1)) - <i32>(bits & 8191));
    bit += <usize>D;
    poly += 4;
  }
}

/** In: z at Y, |z| < GAMMA1. Out: z in SIGNATURE, 20 bits a coefficient. */
export function packZ(): void {
  let poly = Y;
  let packed = SIGNATURE + <usize>COMMITMENT_BYTES;
  const end = packed + <usize>(L * Z_BYTES);
  while (packed < end) {
    const a = <u64>(GAMMA1 - load<i32>(poly, 0));
    const b = <u64>(GAMMA1 - load<i32>(poly, 4));
    const bits = a | (b << 20);
    store<u32>(packed, <u32>bits, 0);
    store<u8>(packed, <u8>(bits >> 32), 4);
    poly += 8;
    packed += 5;
  }
}

/** In: HINTS with at most OMEGA ones. Out: their positions and counts at the end of SIGNATURE. */
export function hintBitPack(): void {
  const y = SIGNATURE + <usize>(COMMITMENT_BYTES + L * Z_BYTES);
  memory.fill(y, 0, <usize>(OMEGA + K));
  let index: usize = 0;
  for (let i: i32 = 0; i < K; i++) {
    for (let n: i32 = 0; n < N; n++) {
      if (load<u8>(HINTS + <usize>(i * N + n)) == 0) continue;
      store<u8>(y + index, <u8>n);
      index += 1;
    }
    store<u8>(y + <usize>(OMEGA + i), <u8>index);
  }
}
