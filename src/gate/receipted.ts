import { wrapAny } from './wrap.ts';
import type { AnyFunction, AnyGateOptions, AnyRecordOptions, GateOf, RecordOf } from './wrap-options.ts';

type Named<Options> = Omit<Options, 'tool'> & { readonly tool?: string };

/** A function that waiting does not change: one that returns a promise or an async generator already. */
type Patient = (this: never, ...args: never) => Promise<unknown> | AsyncGenerator;

/** A decorator of methods: the method it returns has the type of the one it is given. */
export type MethodDecorator<Limit extends AnyFunction> = <F extends Limit>(
  method: F,
  context: ClassMethodDecoratorContext,
) => F;

/**
 * Decorate a method so that each call of it leaves a receipt, as wrap does: `@receipted({ recorder })`. For static, private, async and
 * generator methods; the decorators of TC39 (2023-11), not `experimentalDecorators`.
 * @param options as of wrap; tool is `Class.method` unless given, of the class that has the method. Where it waits (mode `enforce`, or a
 *   gate), the method must be one that returns a promise or an async generator.
 * @throws TypeError on anything but a method.
 */
export function receipted<F extends AnyFunction>(
  options: Named<RecordOf<F>> & { readonly mode?: 'observe' },
): MethodDecorator<AnyFunction>;
export function receipted<F extends AnyFunction>(
  options: (Named<RecordOf<F>> & { readonly mode: 'enforce' }) | Named<GateOf<F>>,
): MethodDecorator<Patient>;
export function receipted(options: Named<AnyRecordOptions> | Named<AnyGateOptions>): MethodDecorator<AnyFunction> {
  return <F extends AnyFunction>(method: F, { kind, name }: ClassMethodDecoratorContext): F => {
    if (kind !== 'method') throw new TypeError(`receipted: expected a method, got a ${kind}`);
    const tool = options.tool ?? ((self: unknown) => `${classWith(self, name, wrapped)}.${String(name)}`);
    const wrapped: AnyFunction = wrapAny(method, { ...options, tool } as AnyRecordOptions | AnyGateOptions, null);
    // The overloads allow waiting only where it changes no type.
    return wrapped as F;
  };
}

/** @returns the name of the class that has the method; of the caller's own where that is not to be seen, as of a private one. */
function classWith(self: unknown, name: string | symbol, method: AnyFunction): string {
  if (typeof self === 'function') return self.name;
  for (let at: unknown = self; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.getOwnPropertyDescriptor(at, name)?.value === method) return nameOf(at);
  }
  return typeof self === 'object' && self !== null ? nameOf(self) : 'none';
}

function nameOf(of: object): string {
  const made: unknown = Reflect.get(of, 'constructor');
  return typeof made === 'function' && made.name !== '' ? made.name : 'class';
}
