import { toBase64url } from '../base/bytes.ts';
import { type Random, systemRandom } from '../base/ports.ts';
import { sha256Hex } from '../crypto/hash.ts';
import { toJwk } from '../crypto/public-key.ts';
import type { Signer } from '../crypto/signer.ts';
import { CONTEXTS } from '../crypto/verifier.ts';
import { canonicalBytes, guardedCopy } from '../receipt/canonical.ts';
import { commit, payloadBytes, SALT_BYTES } from '../receipt/commitment.ts';
import type { JsonObject } from '../receipt/json.ts';
import type { GateRequest, SignedRequest, StatementInput } from './port.ts';

/**
 * Sign a request as its agent. Params go into the signed part as a salted commitment, and stand beside it for the policy and the payload
 * store, so that they can be erased while the signature goes on to verify. Keep secrets out of them: what is signed is not redacted.
 * @param request read once. @returns fresh; send all of it. @throws ReceiptError NOT_REPRESENTABLE, and what the signer throws.
 */
export async function signRequest(
  request: GateRequest,
  signer: Signer,
  random: Random = systemRandom,
): Promise<SignedRequest> {
  const own = guardedCopy(request) as unknown as GateRequest;
  const { params, ...action } = own.action;
  if (params === undefined) return (await signed(own as unknown as JsonObject, signer)) as unknown as SignedRequest;
  const { form, bytes } = payloadBytes(params);
  const salt = random.bytes(SALT_BYTES);
  const params_commit = commit('params', form, bytes, salt, sha256Hex);
  const whole = await signed({ ...(own as unknown as JsonObject), action: { ...action, params_commit } }, signer);
  return { ...(whole as unknown as SignedRequest), params, salt: toBase64url(salt) };
}

/** What can be stated about an outcome, or approved. */
export type Statement =
  | {
      readonly statement: 'agreement' | 'dispute';
      readonly agent: string;
      readonly log: string;
      /** `hash` of the outcome's receipt. */
      readonly outcome: string;
      readonly reason?: string;
    }
  | ({
      readonly statement: 'approval';
      /** Name of the approver in the policy. */
      readonly agent: string;
      readonly log: string;
      /** As Date.toISOString prints it. */
      readonly until: string;
      readonly reason?: string;
    } & ({ readonly nonce: string } | { readonly sequence: string }));

/** Sign a statement: an agent's agreement or dispute, or an approval. @returns what Gate.attest or Gate.approve takes, fresh. */
export function signStatement(statement: Statement, signer: Signer): Promise<StatementInput> {
  return signed(guardedCopy(statement) as JsonObject, signer);
}

async function signed(what: JsonObject, signer: Signer): Promise<StatementInput> {
  const sig = await signer.sign({ message: canonicalBytes(what), context: CONTEXTS.request });
  return { key: { ...toJwk(signer.publicKey) }, sig: toBase64url(sig), signed: what };
}
