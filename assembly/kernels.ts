/**
 * The kernels by themselves, for test/twin alone: compiled there, with assertions, and part of no build. The ABI rides along, so that
 * whole verifications run in this form too.
 */
export * from './layout';
export { decodeSignature } from './base64';
export {
  eventBreach, eventSequenceBegin, eventSequenceEnd, eventTypeBegin, eventTypeClass, eventTypeEnd, readEvent,
} from './json';
export { keccakF, shakeAbsorb, shakeFinish, shakeInit } from './keccak';
export { keccakF2, shakePair } from './keccak-pair';
export { hashPairs, merkleRoot } from './merkle';
export { inverseNtt, ntt } from './ntt';
export { hintBitUnpack, unpackT1, unpackZ } from './pack';
export { multiplyKey } from './product';
export { w1Row } from './round';
export { expandA, sampleInBall } from './sample';
export { pad, sha256, unpad } from './sha256';
export { findNewline, isEarlier, isHex64, isInstant, isInstantNear, isUuid, isUuid7, sameBytes } from './tokens';
export * from './verifier';
