import type { Clock } from '../base/ports.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Verifier } from '../crypto/verifier.ts';
import type { Log } from '../log/log.ts';
import type { RedactionRules } from '../receipt/redaction.ts';
import type { PayloadMode } from '../recorder.ts';
import type { Agents } from './callers.ts';
import type { Policy } from './port.ts';
import type { SnapshotOptions } from './rebuild.ts';

/** What a gate tells besides its answers. */
export type GateReport =
  | { readonly kind: 'abandoned'; readonly decision: string; readonly seq: number; readonly tool: string }
  | { readonly kind: 'disarmed'; readonly cause: Error }
  | { readonly kind: 'snapshot_failed'; readonly cause: Error };

/** How to open a gate. */
export interface GateOptions {
  /** Opened for writing; the gate does not close it. */
  readonly log: Log;
  /** Public keys that the log signs with, from outside the log. */
  readonly keys: readonly PublicKey[];
  readonly policy: Policy;
  /** Agents to listen to; anyone unless given. */
  readonly agents?: Agents;
  /** Where to keep what the gate knows, so that its start does not depend on the length of the log. */
  readonly snapshot?: SnapshotOptions;
  /** As of a recorder. */
  readonly payloads?: PayloadMode;
  readonly redaction?: RedactionRules | false;
  /** Milliseconds after which a call without outcome is recorded as failed: abandoned. 300,000 unless given. */
  readonly outcomeTimeoutMs?: number;
  /** Told of what nobody asked for. */
  readonly onReport?: (report: GateReport) => void;
  /** Chosen unless given. */
  readonly verifier?: Verifier;
  readonly clock?: Clock;
}
