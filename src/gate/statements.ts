import * as z from 'zod';
import { ReceiptError } from '../base/errors.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Verifier } from '../crypto/verifier.ts';
import { guardedCopy } from '../receipt/canonical.ts';
import type { EventInput } from '../receipt/event.ts';
import { isInstant } from '../receipt/event-shape.ts';
import { isStatementGood, parseStatement, type SignedStatement } from '../receipt/request.ts';
import type { Policy, StatementInput } from './port.ts';
import type { GateState } from './state.ts';

const text = z.string().min(1);
const opinion = z.strictObject({
  agent: text,
  log: text,
  outcome: z.string().regex(/^[0-9a-f]{64}$/),
  reason: text.optional(),
  statement: z.enum(['agreement', 'dispute']),
});
const approvalMembers = {
  agent: text,
  log: text,
  reason: text.optional(),
  statement: z.literal('approval'),
  until: z.string().refine(isInstant),
};
const approval = z.union([
  z.strictObject({ ...approvalMembers, nonce: text }),
  z.strictObject({ ...approvalMembers, sequence: text }),
]);

/** What a statement is held against. */
export interface Judging {
  readonly log: string;
  readonly state: GateState;
  readonly policy: Policy;
  readonly verifier: Verifier;
  /** Keys that sign for agents, by agent; without one the key of the request counts. */
  readonly keyOf: (agent: string) => PublicKey | null;
  readonly nowMs: number;
}

/**
 * Judge what an agent says of an outcome: signed by the key that signed the request, or that the gate knows of the agent.
 * @returns the event to record. @throws ReceiptError STATEMENT_REFUSED, and records nothing.
 */
export async function judgeOpinion(input: StatementInput, judging: Judging): Promise<EventInput> {
  const statement = await goodStatement(input, judging);
  const said = opinion.safeParse(statement.signed);
  if (!said.success) throw refused('an agreement or a dispute about an outcome', 'another statement');
  const { agent, statement: type, outcome } = said.data;
  const known = judging.state.outcomes.get(outcome);
  if (known === undefined) throw refused('the hash of an outcome in this log', 'another hash');
  if (known.agent !== agent) throw refused('the agent of that outcome', 'another agent');
  const kid = judging.keyOf(agent)?.kid ?? known.kid;
  if (kid === null) throw refused('an agent whose key is known, or signed the request', 'an agent without a key');
  if (kid !== statement.key.kid) throw refused("the agent's key", 'another key');
  return { type, agent, decision: known.decision, data: { outcome }, request: statement.json };
}

/**
 * Judge an approval: signed by the key that the policy names for the approver, and not over.
 * @returns the event to record. @throws ReceiptError STATEMENT_REFUSED, and records nothing.
 */
export async function judgeApproval(input: StatementInput, judging: Judging): Promise<EventInput> {
  const statement = await goodStatement(input, judging);
  const said = approval.safeParse(statement.signed);
  if (!said.success) throw refused('an approval of a nonce or of a sequence', 'another statement');
  const { agent, until } = said.data;
  const key = judging.policy.approvers.get(agent);
  if (key === undefined) throw refused('an approver of the policy', 'another name');
  if (key.kid !== statement.key.kid) throw refused("the approver's key", 'another key');
  if (Date.parse(until) < judging.nowMs) throw refused('an approval that is not over', 'one that is');
  const named = 'sequence' in said.data ? { sequence: said.data.sequence } : {};
  return { type: 'approval', agent, ...named, request: statement.json };
}

async function goodStatement(input: StatementInput, { log, verifier }: Judging): Promise<SignedStatement> {
  const statement = parseStatement(guardedCopy(input));
  if (statement === null) throw refused('exactly a public JWK, a signature and what was signed', 'another value');
  if (statement.signed.log !== log) throw refused('a statement for this log', 'one for another');
  if (!(await isStatementGood(statement, verifier))) throw refused('a signature that verifies', 'one that does not');
  return statement;
}

function refused(expected: string, found: string): ReceiptError {
  return new ReceiptError('STATEMENT_REFUSED', `gate: statement: expected ${expected}, got ${found}`, {
    expected,
    found,
  });
}
