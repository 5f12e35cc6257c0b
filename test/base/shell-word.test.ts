import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellQuoted, shellWord } from '../../src/base/shell-word.ts';

test('a shell reads back exactly the word, and runs nothing of it', () => {
  const texts = [
    'audit/',
    'a b',
    "it's",
    'x;touch y',
    '$(id)',
    '`id`',
    'a\nb',
    '',
    '~',
    '*',
    '#1',
    '-n',
    '"q"',
    '日本',
  ];
  for (const text of texts) {
    for (const word of [shellWord(text), shellQuoted(text)])
      expect(execFileSync('sh', ['-c', `printf '<%s>' ${word}`], { encoding: 'utf8' })).toBe(`<${text}>`);
  }
});

test('ordinary paths stay as they are', () => {
  for (const text of ['audit/', './a/b_c-d.jsonl', '/tmp/x', 'C:', '2026+1,a=b@c%']) expect(shellWord(text)).toBe(text);
});
