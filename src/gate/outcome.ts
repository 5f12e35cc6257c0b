import { utf8Text } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import { sha256Hex } from '../crypto/hash.ts';
import type { Log } from '../log/log.ts';
import { guardedCopy } from '../receipt/canonical.ts';
import { formOfPayload } from '../receipt/commitment.ts';
import type { EventInput, PayloadInput } from '../receipt/event.ts';
import type { Json } from '../receipt/json.ts';
import type { Receipt } from '../receipt/receipt.ts';
import type { CallOutcome } from './port.ts';
import { memberOf, type OpenCall } from './state.ts';

/** @returns the event that says how a call ended. @param decision hash of its decision. */
export function outcomeEvent(decision: string, call: OpenCall, outcome: CallOutcome): EventInput {
  const { duration_ms: durationMs, ...rest } = outcome;
  return {
    ...call.repeated,
    type: 'outcome',
    decision,
    outcome: rest,
    ...(durationMs === undefined ? {} : { duration_ms: durationMs }),
  };
}

/** @returns how a function ended that returned: with its result, where JSON can say it or it is bytes. */
export function returned(value: unknown): CallOutcome {
  if (value === undefined) return { status: 'executed' };
  if (value instanceof Uint8Array) return { status: 'executed', result: value };
  const result = asPayload(value);
  return result === null
    ? { status: 'executed', reason: 'the result is no JSON and was not recorded' }
    : { status: 'executed', result: result.value };
}

/** @returns how a function ended that threw. Of an Error its name and message; its stack stays here. */
export function threw(error: unknown): CallOutcome {
  if (error instanceof Error) {
    const isAbort = error.name === 'AbortError' || error.name === 'TimeoutError';
    const { name, message } = error;
    const said = asPayload({ name, message });
    return { status: 'failed', ...(isAbort ? { reason: 'aborted' } : {}), error: said?.value ?? { name: 'Error' } };
  }
  const said = asPayload(error);
  return {
    status: 'failed',
    ...(said === null ? { reason: 'the error is no JSON and was not recorded' } : { error: said.value }),
  };
}

function asPayload(value: unknown): { readonly value: PayloadInput } | null {
  try {
    return { value: guardedCopy(value) };
  } catch (error) {
    if (isReceiptError(error)) return null;
    throw error;
  }
}

/**
 * Read back what a call returned, for a retry of its request.
 * @param outcome the receipt of it. @returns the result as it was recorded. @throws ReceiptError OUTCOME_RECORDED when it failed, or its
 *   result was not kept or is not what was committed to.
 */
export async function recordedResult(log: Log, outcome: Receipt): Promise<Json | Uint8Array | undefined> {
  const said = outcome.entry.event.outcome;
  const status = String(memberOf(said, 'status'));
  const refuse = (why: string): ReceiptError =>
    new ReceiptError(
      'OUTCOME_RECORDED',
      `gate.run: this request was run before and ${why} (seq ${outcome.entry.seq}); it was not run again`,
      {
        at: `seq ${outcome.entry.seq}`,
        found: status,
        next: [`perdure show LOG ${outcome.entry.seq} --payload`],
      },
    );
  if (status !== 'executed' && status !== 'verified') throw refuse(`ended as ${status}`);
  const commitment = memberOf(said, 'result_commit');
  if (typeof commitment !== 'string') {
    const inline = memberOf(said, 'result');
    if (inline !== null) return inline;
    if (memberOf(said, 'result_encrypted') !== null) throw refuse('its result is encrypted');
    return undefined;
  }
  const kept = await log.readPayload(commitment);
  const form = kept && formOfPayload('result', commitment, kept, sha256Hex);
  if (kept === null || form === null) throw refuse('its result was not kept');
  if (form === 'bytes') return kept.payload;
  const text = utf8Text(kept.payload);
  return form === 'text' ? text : (JSON.parse(text) as Json);
}
