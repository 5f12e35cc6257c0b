/**
 * The memory of verifier.wasm: fixed, never grown, public data only. Each offset is computed from the one before.
 *
 *     region       bytes      holds                                        written by       read by
 *     (static)      4032      constants of the kernels, from 64 on         the compiler     all
 *     ZETAS         4224      twiddles, forward and inverse                zetas            ntt
 *     STATES         400      two Keccak states, word by word              keccak-pair      keccak-pair, sample
 *     STATE          200      one Keccak state                             keccak           keccak, sample
 *     MU         2 * 832      mu, then W1: w1Encode(w1); twice: a pair     verifier, host   keccak, keccak-pair
 *     COMMITMENT  2 * 64      c~ computed, twice                           verifier         verifier
 *     PUBLIC_KEY    1952      a key to prepare (pkEncode form)             host             verifier
 *     SIGNATURE 2 * 3312      signatures (sigEncode form, 3309 bytes)      host             verifier, pack, sample
 *     Z             5120      z, then its NTT (L polynomials)              pack, ntt        product
 *     C             1024      c, then its NTT                              sample, ntt      product
 *     W             6144      w (K polynomials); scratch of expandA        product, ntt     round
 *     MESSAGE      65536      a piece of the message, or those of a pair   host             keccak, keccak-pair
 *     KEYS     32 * 36928     prepared keys: A and NTT(-t1 * 2^d), tr      verifier         product
 *     LANES           128     four SHA-256 states, word by word            sha256           sha256
 *     WORDS           256     words of four blocks, or one's schedule      sha256, merkle   sha256
 *     LANE_JOBS        64     the job that each lane is at                 sha256-lanes     sha256-lanes
 *     JOBS      1024 * 12     runs of blocks to hash (sha256-lanes)        verifier, host   sha256-lanes
 *     SAVED     1024 * 72     what padding in place has overwritten        sha256           sha256
 *     NODES     2048 * 32     hashes of a Merkle tree                      host, merkle     merkle, host
 *     NODE_BLOCKS   65536     second blocks of a node, one a last byte     merkle           merkle
 *     KIDS        32 * 48     names of the prepared keys: 43 characters    host             lines
 *     PREFIX          272     what M' begins with: 0x00, length, context   host             lines
 *     SCHEMA        16384     the event schema, compiled (json)            host, json       json
 *     RECORDS   1024 * 64     what was found of each line (lines)          lines            host
 *     CHUNK   2 * 2097152     whole lines of a log, as they are            host             lines, json, tokens, base64
 *
 * SLACK bytes before and after CHUNK belong to nothing: reads of whole words near its ends may touch them, and answers do not depend on
 * them. In a module compiled with assertions, which only tests are, GUARD bytes stand between the regions from LANES on, so that a write
 * out of one shows.
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
/** From the first of a pair to its second: mu and w1, signature, message. */
export const TRANSCRIPT_BYTES: usize = 64 + <usize>(K * N) / 2;
export const SIGNATURE_STEP: usize = 3312;
export const MESSAGE_STEP: usize = 32768;
export const MESSAGE_BYTES: i32 = 65536;
/** How many prepared keys there is room for. */
export const SLOTS: i32 = 32;

/** Within a prepared key. */
export const KEY_TERMS: usize = <usize>(L + 1);
export const KEY_TR: usize = <usize>K * KEY_TERMS * POLY;
export const KEY_BYTES: usize = KEY_TR + <usize>TR_BYTES;

export const ZETAS: usize = 4096;
export const STATES: usize = ZETAS + 4224;
export const STATE: usize = STATES + 400;
export const MU: usize = STATE + 200;
export const W1: usize = MU + 64;
export const COMMITMENT: usize = MU + 2 * TRANSCRIPT_BYTES;
export const PUBLIC_KEY: usize = COMMITMENT + 2 * 64;
export const SIGNATURE: usize = PUBLIC_KEY + <usize>PUBLIC_KEY_BYTES;
export const Z: usize = (SIGNATURE + 2 * SIGNATURE_STEP + 63) & ~63;
export const C: usize = Z + <usize>L * POLY;
export const W: usize = C + POLY;
export const MESSAGE: usize = W + <usize>K * POLY;
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

export const KID_BYTES: usize = 48;
export const PREFIX_BYTES: i32 = 272;
export const SCHEMA_BYTES: i32 = 16384;
export const RECORD_BYTES: usize = 64;
/** Lines of one call at most: each of them has a job. */
export const RECORD_COUNT: i32 = JOB_COUNT;
/**
 * Twice 1 MiB that is read from a file, and before it room for the longest line that may have begun in what was read before: while the
 * lines of one half are verified, the other one is filled (src/receipt/lines.ts).
 */
export const CHUNK_BYTES: i32 = 2 * 2097152;
const SLACK: usize = 128;

export const NODE_BLOCKS: usize = NODES + <usize>NODE_COUNT * HASH_BYTES + GUARD;
export const KIDS: usize = NODE_BLOCKS + 256 * 256 + GUARD;
export const PREFIX: usize = KIDS + <usize>SLOTS * KID_BYTES + GUARD;
export const SCHEMA: usize = PREFIX + <usize>PREFIX_BYTES + GUARD;
export const RECORDS: usize = SCHEMA + <usize>SCHEMA_BYTES + GUARD;
export const CHUNK: usize = RECORDS + <usize>RECORD_COUNT * RECORD_BYTES + GUARD + SLACK;
/** End of all regions. 89 pages (asconfig.json) hold it: 5832704 bytes. */
export const END: usize = CHUNK + <usize>CHUNK_BYTES + SLACK + GUARD;
