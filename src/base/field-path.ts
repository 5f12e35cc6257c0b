const MAX_SEGMENT_CHARS = 64;
/** Controls, format and bidi characters and lone surrogates: a field name is somebody else's text and may reach a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Write where a field stands as a JSON pointer, fit for a message: unprintable characters replaced, long names cut.
 * @param segments member names and array indices from the root down. @returns such as `/action/params/0`; `(root)` for the root itself.
 * @see RFC 6901
 */
export function fieldPath(segments: readonly PropertyKey[]): string {
  if (segments.length === 0) return '(root)';
  return segments
    .map((segment) => `/${printable(String(segment)).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

function printable(name: string): string {
  const cut = name.length > MAX_SEGMENT_CHARS ? `${name.slice(0, MAX_SEGMENT_CHARS)}…` : name;
  return cut.replace(UNPRINTABLE, '\u{fffd}');
}
