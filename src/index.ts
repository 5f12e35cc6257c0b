export * from './auditor.ts';
export { type ErrorCode, type ErrorDetail, isReceiptError, ReceiptError } from './base/errors.ts';
export { type Clock, type Random, systemClock, systemRandom } from './base/ports.ts';
export { VERSION } from './base/version.ts';
export type { Head } from './chain/chain.ts';
export { verifyConsistency, verifyInclusion } from './checkpoint/proof.ts';
export {
  availableEngines,
  chooseVerifier,
  crossCheck,
  type EngineChoice,
  type EngineReport,
} from './crypto/engines.ts';
export { generateKey, keyFromSeed, type SecretKey } from './crypto/keys.ts';
export { defaultKeyFolder, type KeyInfo, Keystore } from './crypto/keystore.ts';
export type { Algorithm } from './crypto/public-key.ts';
export { encodePublicKey, type PublicKeyFormat, readPublicKeyFile } from './crypto/public-key-file.ts';
export { encodeSecretJwk, encodeSecretPem, readSecretKeyFile } from './crypto/secret-key-file.ts';
export type { Signer, SignInput } from './crypto/signer.ts';
export { type ClosableSigner, createSigner, type SignerOptions } from './crypto/signers.ts';
export { CONTEXTS, type EngineName, type Verifier } from './crypto/verifier.ts';
export { createWorkerSigner, type WorkerSigner } from './crypto/worker-signer.ts';
export type { Appended, DamagedLine, Log, ReadRange, Segment, StoredReceipt, WaitFor } from './log/log.ts';
export { createMemoryLog } from './log/memory.ts';
export { type CreateOptions, createLog, type OpenOptions, openLog, openTiles } from './log/open.ts';
export { type ConsistencyProof, type InclusionProof, proveConsistency, proveInclusion } from './log/prove.ts';
export { logSink, type Sink, tee } from './log/sink.ts';
export type { TileStore } from './log/tile-store.ts';
export { canonicalBytes, canonicalText, parseStrict } from './receipt/canonical.ts';
export { formOfPayload, matchPayload, type PayloadForm, type PayloadMember } from './receipt/commitment.ts';
export { closeEvent } from './receipt/control.ts';
export { type EventInput, eventJsonSchema } from './receipt/event.ts';
export type { Json, JsonObject } from './receipt/json.ts';
export { parseReceipt, type Receipt, type Signature } from './receipt/receipt.ts';
export type { RedactionRules } from './receipt/redaction.ts';
export {
  createRecorder,
  type PayloadMode,
  type Recorded,
  type Recorder,
  type RecorderOptions,
  type RecordOptions,
} from './recorder.ts';
