export { createMac, type Mac } from '../crypto/mac.ts';
export { gateStore, type SnapshotStore } from '../log/gate-store.ts';
export { flush } from './background.ts';
export type { CallMembers, CallOptions } from './call.ts';
export type { Agents } from './callers.ts';
export { type LogGate, openGate } from './gate.ts';
export type { GateOptions, GateReport } from './options.ts';
export { type CaseResult, type RuleExplanation, RulePolicy, readPolicy } from './policy.ts';
export type {
  CallOutcome,
  Decided,
  Decision,
  DecisionCode,
  Gate,
  GateRequest,
  Policy,
  PolicyAnswer,
  PolicyEffect,
  PolicyQuestion,
  RateWindow,
  SignedRequest,
  StatementInput,
} from './port.ts';
export type { SnapshotOptions } from './rebuild.ts';
export { type MethodDecorator, receipted } from './receipted.ts';
export { type Session, type SessionOptions, session } from './session.ts';
export { type Statement, signRequest, signStatement } from './sign-request.ts';
export { wrap } from './wrap.ts';
export type { Enforced, Gated, GatedMembers, GateOf, RecordOf } from './wrap-options.ts';
