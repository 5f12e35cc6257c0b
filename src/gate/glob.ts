/** @returns whether a whole name matches a pattern: `*` for any run of characters, `?` for one. In time pattern × name at worst. */
export type NameTest = (name: string) => boolean;

/** Make the test of a pattern. */
export function globTest(pattern: string): NameTest {
  if (!/[*?]/.test(pattern)) return (name) => name === pattern;
  if (pattern === '*') return () => true;
  return (name) => matches(pattern, name);
}

/** @returns the test of several, any of which is enough; null for none given, which says nothing. */
export function anyGlob(patterns: readonly string[] | undefined): NameTest | null {
  if (patterns === undefined) return null;
  const tests = patterns.map(globTest);
  return (name) => tests.some((test) => test(name));
}

/** Walk both; at a mismatch go back to the last star alone, which takes one character more. */
function matches(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let taken = 0;
  while (n < name.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++taken;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
