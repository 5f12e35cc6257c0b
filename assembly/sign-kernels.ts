/** The kernels of signer.wasm by themselves, for test/twin alone: compiled there, with assertions, and part of no build. */
export * from './layout';
export { expandMask } from './mask';
export { hintBitPack, packZ, unpackEta, unpackT0 } from './sign-pack';
export { centre, decompose, makeHint, reaches } from './sign-round';
export * from './signer';
export * from './signer-layout';
export { addProduct, findPlaces } from './sparse';
