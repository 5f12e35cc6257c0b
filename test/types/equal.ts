/** `true` when A and B are the same type, to the letter: unlike assignability, this tells `any` from everything else. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `true` when T is `any`. */
export type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether a parameter, the result, what it resolves to, or a constant itself is `any`. */
type Leaks<T> =
  IsAny<T> extends true
    ? true
    : T extends (...args: infer P) => infer R
      ? true extends { [I in keyof P]: IsAny<P[I]> }[number & keyof P] | IsAny<R> | IsAny<Awaited<R>>
        ? true
        : false
      : false;

/** Names among the exports of a module that hand out or take in `any`: functions by parameter and result, constants themselves. */
export type AnyLeaks<Module> = {
  [K in keyof Module]: Leaks<Module[K]> extends true ? K : never;
}[keyof Module];

/** A compile-time assertion: only `true` is accepted. */
export function holds<_T extends true>(): void {}
