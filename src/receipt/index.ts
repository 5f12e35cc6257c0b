export type { Sha256Hex } from '../crypto/hash.ts';
export { canonicalBytes, canonicalText, parseStrict } from './canonical.ts';
export { formOfPayload, matchPayload, type PayloadForm, type PayloadMember } from './commitment.ts';
export type { Frame } from './entry.ts';
export type { Json, JsonObject } from './json.ts';
export { parseReceipt, type Receipt, type Signature } from './receipt.ts';
