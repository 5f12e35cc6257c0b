/**
 * Resolve `.`, `..` and empty parts of an absolute path, as text: links on a disk are not followed, and nothing is percent-decoded.
 * @returns null for what is no absolute POSIX path, or holds a NUL or a backslash, which other systems read as another path.
 */
export function normalPath(text: string): string | null {
  if (!text.startsWith('/') || text.includes('\0') || text.includes('\\')) return null;
  const parts: string[] = [];
  for (const part of text.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
