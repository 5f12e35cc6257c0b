// All that the cores ask of the runtime they stand in, whichever it is: no Node, no DOM. This list is the proof, so keep it short.
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, bytes: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}
declare var crypto: { getRandomValues<T extends Uint8Array>(bytes: T): T };
