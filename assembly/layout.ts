/**
 * The memory of verifier.wasm: fixed, never grown, public data only. Each offset is computed from the one before.
 *
 *     region       bytes      holds                                        written by       read by
 *     (static)      4032      constants of the kernels, from 64 on          the compiler     keccak, sha256
 *     ZETAS         1024      256 i32: powers of zeta, Montgomery form     ntt              ntt
 *     STATE          200      one Keccak state                             keccak           keccak, sample
 *     SEED            40      rho with its two index bytes                 sample           keccak
 *     MU              64      mu                                           verifier, host   verifier
 *     COMMITMENT      48      c~ computed                                  verifier         verifier
 *     PUBLIC_KEY    1952      a key to prepare (pkEncode form)             host             verifier
 *     SIGNATURE     3312      a signature (sigEncode form, 3309 bytes)     host             verifier
 *     HINTS         1536      one byte a coefficient: 0 or 1               pack             round
 *     W1             768      w1Encode(w1)                                 round            keccak
 *     C             1024      c, then its NTT                              sample, ntt      verifier
 *     Z             5120      z, then its NTT (L polynomials)              pack, ntt        verifier
 *     W             1024      one row of w                                 ntt              round
 *     MESSAGE      65536      a piece of the message                       host             keccak
 *     KEYS      8 * 36928     prepared keys: A (K*L), NTT(t1 * 2^d), tr    verifier         verifier
 *     LANES           128     four SHA-256 states, word by word            sha256           sha256
 *     WORDS           256     words of four blocks, or one's schedule      sha256, merkle   sha256
 *     LANE_JOBS        64     the job that each lane is at                 sha256-lanes     sha256-lanes
 *     JOBS      1024 * 12     runs of blocks to hash (sha256-lanes)        verifier, host   sha256-lanes
 *     SAVED     1024 * 72     what padding in place has overwritten        sha256           sha256
 *     NODES     2048 * 32     hashes of a Merkle tree                      host, merkle     merkle, host
 *     NODE_BLOCKS   65536     second blocks of a node, one a last byte     merkle           merkle
 *
 * In a module compiled with assertions, which only tests are, GUARD bytes stand between the regions from LANES on, so that a write out
 * of one shows.
 */

// FIPS 204 section 4, ML-DSA-65. Another value of any of them is another signature scheme.
export const Q: i32 = 8380417;
export const D: i32 = 13;
export const K: i32 = 6;
export const L: i32 = 5;
export const TAU: i32 = 49;
export const BETA: i32 = 196;
export const GAMMA1: i32 = 1 << 19;
export const GAMMA2: i32 = (Q - 1) / 32;
export const OMEGA: i32 = 55;

/** Coefficients of a polynomial. */
export const N: i32 = 256;
/** Bytes of a polynomial in memory: N times i32. */
export const POLY: usize = 1024;
/** Bytes of c~: LAMBDA / 4, LAMBDA = 192. */
export const COMMITMENT_BYTES: i32 = 48;
export const Z_BYTES: i32 = 640;
export const T1_BYTES: i32 = 320;
export const TR_BYTES: i32 = 64;
export const PUBLIC_KEY_BYTES: i32 = 32 + K * T1_BYTES;
export const SIGNATURE_BYTES: i32 = COMMITMENT_BYTES + L * Z_BYTES + OMEGA + K;
export const MESSAGE_BYTES: i32 = 65536;
/** How many prepared keys there is room for. */
export const SLOTS: i32 = 8;

/** Within a prepared key. */
export const KEY_T1: usize = <usize>(K * L) * POLY;
export const KEY_TR: usize = KEY_T1 + <usize>K * POLY;
export const KEY_BYTES: usize = KEY_TR + <usize>TR_BYTES;

export const ZETAS: usize = 4096;
export const STATE: usize = ZETAS + 1024;
export const SEED: usize = STATE + 200;
export const MU: usize = SEED + 40;
export const COMMITMENT: usize = MU + 64;
export const PUBLIC_KEY: usize = COMMITMENT + 48;
export const SIGNATURE: usize = PUBLIC_KEY + <usize>PUBLIC_KEY_BYTES;
export const HINTS: usize = SIGNATURE + 3312;
export const W1: usize = HINTS + <usize>(K * N);
export const C: usize = W1 + <usize>(K * N) / 2;
export const Z: usize = C + POLY;
export const W: usize = Z + <usize>L * POLY;
export const MESSAGE: usize = W + POLY;
export const KEYS: usize = MESSAGE + <usize>MESSAGE_BYTES;

const GUARD: usize = ASC_NO_ASSERT ? 0 : 64;
/** A job of the 4-way SHA-256, and how many there is room for. */
export const JOB_BYTES: usize = 12;
export const JOB_COUNT: i32 = 1024;
export const SAVED_BYTES: usize = 72;
export const HASH_BYTES: usize = 32;
/** A power of two, so that a full region is a whole subtree of any larger tree. */
export const NODE_COUNT: i32 = 2048;

export const LANES: usize = (KEYS + <usize>SLOTS * KEY_BYTES + GUARD + 63) & ~63;
export const WORDS: usize = LANES + 128 + GUARD;
export const LANE_JOBS: usize = WORDS + 256 + GUARD;
export const JOBS: usize = LANE_JOBS + 64 + GUARD;
export const SAVED: usize = JOBS + <usize>JOB_COUNT * JOB_BYTES + GUARD;
export const NODES: usize = SAVED + <usize>JOB_COUNT * SAVED_BYTES + GUARD;
export const NODE_BLOCKS: usize = NODES + <usize>NODE_COUNT * HASH_BYTES + GUARD;
/** End of all regions. 10 pages (asconfig.json) hold it: 655360 bytes. */
export const END: usize = NODE_BLOCKS + 256 * 256 + GUARD;
