import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const crypto = fileURLToPath(new URL('../../src/crypto/', import.meta.url));

/** Follow every import from `entry`, dynamic ones too. @returns our files by name, and the packages with how each is imported. */
function reach(entry: string): { files: Set<string>; packages: Map<string, Set<'static' | 'dynamic'>> } {
  const files = new Set<string>();
  const packages = new Map<string, Set<'static' | 'dynamic'>>();
  const walk = (file: string, how: 'static' | 'dynamic'): void => {
    const source = readFileSync(file, 'utf8');
    const seen = files.has(file);
    files.add(file);
    for (const match of source.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)'|import\('([^']+)'\)/gm)) {
      const target = match[1] ?? match[2];
      const step = match[2] === undefined ? how : 'dynamic';
      if (target.startsWith('.')) {
        if (!seen) walk(resolve(dirname(file), target), step);
      } else packages.set(target, (packages.get(target) ?? new Set()).add(step));
    }
  };
  walk(`${crypto}${entry}`, 'static');
  return { files: new Set([...files].map((file) => basename(file))), packages };
}

const SIGNING = /sign|keys|pkcs8|secret|expanded|keystore|passphrase|worker/;

describe('a verify-only import has none of our signing code', () => {
  it.each(['engines.ts', 'engine-native-verify.ts', 'engine-noble-verify.ts', 'public-key-file.ts', 'verifier.ts'])(
    '%s',
    (entry) => {
      const { files, packages } = reach(entry);
      expect(files.has(entry)).toBe(true);
      expect([...files].filter((file) => SIGNING.test(file))).toEqual([]);
      expect([...packages.keys()].filter((name) => name.startsWith('node:'))).toEqual([]);
    },
  );

  it('engines.ts loads noble ML-DSA on demand only, and native without a static import', () => {
    const { files, packages } = reach('engines.ts');
    expect([...files]).toEqual(expect.arrayContaining(['engine-noble-verify.ts', 'engine-native-verify.ts']));
    expect([...packages.get('@noble/post-quantum/ml-dsa.js')!]).toEqual(['dynamic']);
  });

  it('the walk itself sees signing code where there is some', () => {
    const { files, packages } = reach('signers.ts');
    expect([...files]).toEqual(expect.arrayContaining(['keys.ts', 'engine-noble-sign.ts', 'worker-signer.ts']));
    expect([...packages.keys()]).toContain('node:worker_threads');
  });
});
