import { decodeBase64url, utf8 } from '../base/bytes.ts';
import { isReceiptError } from '../base/errors.ts';
import { KEY_SIZES, type PublicKey, parseJwk } from '../crypto/public-key.ts';
import { CONTEXTS, type Verifier } from '../crypto/verifier.ts';
import { canonicalBytes } from './canonical.ts';
import type { Json, JsonObject } from './json.ts';

/*
 * What agents and approvers sign, as it stands in the member `request` of an event:
 *
 *     {"key":<public JWK>,"sig":"<base64url>","signed":{…}}
 *
 * The signature is over the RFC 8785 bytes of `signed` under perdure/request/v1. `signed` is a request to a gate (format section 9),
 * or a statement about what came of one (member `statement`). Its `log` is the origin, so that it holds for one log alone. The key
 * stands in it, so that anyone can check the signature from the line itself; whose key it is, other knowledge says.
 */

/** What a statement says, if it is no request. */
export type StatementKind = 'agreement' | 'dispute' | 'approval';

/** A signed request or statement, well formed; its signature is not judged yet. */
export interface SignedStatement {
  readonly key: PublicKey;
  readonly signature: Uint8Array;
  /** What was signed. */
  readonly signed: JsonObject;
  /** The bytes of it. */
  readonly bytes: Uint8Array;
  /** All of it, as an event carries it. */
  readonly json: JsonObject;
}

const MEMBERS = new Set(['key', 'sig', 'signed']);

/** Read a signed request or statement. @param value as an event carries it. @returns null when its form breaks. */
export function parseStatement(value: Json | undefined): SignedStatement | null {
  if (!isObject(value) || Object.keys(value).length !== MEMBERS.size) return null;
  for (const name of MEMBERS) if (!Object.hasOwn(value, name)) return null;
  const { key: jwk, sig, signed } = value;
  const key = keyIn(jwk);
  if (key === null || typeof sig !== 'string' || !isObject(signed)) return null;
  const signature = decodeBase64url(utf8(sig));
  if (signature === null || signature.length !== KEY_SIZES[key.alg].signature) return null;
  return { key, signature, signed, bytes: canonicalBytes(signed), json: value };
}

function keyIn(jwk: Json | undefined): PublicKey | null {
  try {
    return parseJwk(jwk);
  } catch (error) {
    if (isReceiptError(error, 'KEY_MALFORMED')) return null;
    throw error;
  }
}

/** @returns whether the key in a statement made its signature. */
export async function isStatementGood(
  { key, bytes, signature }: SignedStatement,
  verifier: Verifier,
): Promise<boolean> {
  return verifier.verify(key, bytes, signature, CONTEXTS.request);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
