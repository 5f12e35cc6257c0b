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
} from './port.ts';
