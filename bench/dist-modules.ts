import { readFileSync } from 'node:fs';

/**
 * Name the modules of src/ that a published file is made of, as its first comment says (.ci/bundle.mjs).
 * @param file below dist/. @returns paths below src/ without ending, such as `verify/verify`, in file order; none for a file that only
 * passes on what others have.
 */
export function modulesIn(file: string): string[] {
  const [, names] = /^\/\/ Of src\/: (.+)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  return names?.split(' ') ?? [];
}
