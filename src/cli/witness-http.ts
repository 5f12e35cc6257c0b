import { ReceiptError } from '../base/errors.ts';
import { MAX_NOTE_BYTES } from '../base/limits.ts';
import type { PostCheckpoint } from '../checkpoint/witness-client.ts';

/** A witness answers within a round trip and a few fsyncs. */
const TIMEOUT_MS = 30_000;

/**
 * Reach a witness over HTTP. @param prefix its submission prefix, with or without a slash at the end.
 * @returns posts to `<prefix>/add-checkpoint`; throws ReceiptError IO when no whole answer comes in time.
 */
export function postTo(prefix: string): PostCheckpoint {
  const url = `${prefix.replace(/\/+$/, '')}/add-checkpoint`;
  return async (body) => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        body: body as Uint8Array<ArrayBuffer>,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        // A witness that moved is not the one that was named.
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const type = response.headers.get('content-type') ?? '';
      return {
        status: response.status,
        contentType: type.split(';', 1)[0]!.trim().toLowerCase(),
        body: await bodyOf(response),
      };
    } catch (cause) {
      if (cause instanceof ReceiptError) throw cause;
      const found = reason(cause);
      throw new ReceiptError('IO', `${url}: expected an answer, got ${found}`, { at: url, found, cause });
    }
  };
}

async function bodyOf({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_NOTE_BYTES) throw new Error(`more than ${MAX_NOTE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** @returns what the system said, where it said something. */
function reason(error: unknown): string {
  const { name, message, cause } = error as Error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code ?? (name === 'TimeoutError' ? `none within ${TIMEOUT_MS / 1000} s` : message);
}
