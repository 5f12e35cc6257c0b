// Compile-only: `tsc -p test` is the run. Each @ts-expect-error fails the build when the line below it becomes legal.
import * as bytes from '../../src/base/bytes.ts';
import * as errors from '../../src/base/errors.ts';
import type * as limits from '../../src/base/limits.ts';
import type * as ports from '../../src/base/ports.ts';
import { type AnyLeaks, type Equal, holds, type IsAny } from './equal.ts';

/** `any`, by a way that is not an explicit one. */
type Any = ReturnType<typeof JSON.parse>;

holds<Equal<AnyLeaks<typeof bytes>, never>>();
holds<Equal<AnyLeaks<typeof errors>, never>>();
holds<Equal<AnyLeaks<typeof limits>, never>>();
holds<Equal<AnyLeaks<typeof ports>, never>>();

// The assertions can fail.
holds<Equal<AnyLeaks<{ a: (x: string) => Any; b: string }>, 'a'>>();
holds<Equal<AnyLeaks<{ a: (x: Any) => string; b: () => Promise<Any>; c: Any; d: () => void }>, 'a' | 'b' | 'c'>>();
// @ts-expect-error any is not string
holds<Equal<Any, string>>();
// @ts-expect-error unknown is not any
holds<IsAny<unknown>>();

holds<Equal<ReturnType<typeof bytes.decodeBase64url>, Uint8Array | null>>();
holds<Equal<Parameters<typeof bytes.toHex>, [bytes: Uint8Array]>>();
holds<Equal<errors.ReceiptError['name'], 'ReceiptError'>>();
holds<Equal<errors.ReceiptError['next'], readonly string[]>>();

const caught: unknown = new Error();
if (errors.isReceiptError(caught)) holds<Equal<typeof caught.code, errors.ErrorCode>>();

// @ts-expect-error a code outside the closed list
new errors.ReceiptError('NO_SUCH_CODE', 'x');
if (errors.isReceiptError(caught)) {
  // @ts-expect-error what went wrong is said once
  caught.code = 'IO';
}
// @ts-expect-error hex is text of bytes, not of text
bytes.toHex('00');
// @ts-expect-error a clock is a port, not a function
const _clock: ports.Clock = () => 0;
