import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { passphraseFromEnv } from '../../src/cli/passphrase-source.ts';

const root = mkdtempSync(join(tmpdir(), 'perdure-passphrase-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(root, name), content);
  return join(root, name);
};

describe('a passphrase from the environment', () => {
  test('is the first line, whatever ends it; a byte order mark is none of it', async () => {
    for (const [i, text] of ['pässphrase', 'pässphrase\n', 'pässphrase\r\nmore\n', '\ufeffpässphrase\n'].entries()) {
      const path = file(`line-${i}`, text);
      expect(await passphraseFromEnv({ env: { PERDURE_PASSPHRASE_FILE: path } })).toBe('pässphrase');
      const env = { PERDURE_PASSPHRASE_COMMAND: `cat '${path}'` };
      expect(await passphraseFromEnv({ env })).toBe('pässphrase');
    }
  });

  test('bytes that are no text are refused: replaced, many of them would be one and the same', async () => {
    const path = file('random', Uint8Array.of(0xff, 0xfe, 0x41));
    const variables = [{ PERDURE_PASSPHRASE_FILE: path }, { PERDURE_PASSPHRASE_COMMAND: `cat '${path}'` }];
    for (const env of variables) {
      await expect(passphraseFromEnv({ env })).rejects.toMatchObject({
        code: 'PASSPHRASE_NEEDED',
        at: Object.keys(env)[0],
        found: 'other bytes',
      });
    }
  });

  test.skipIf(process.platform === 'win32')(
    'a pipe is read to the end of its line, in however many pieces',
    async () => {
      const path = join(root, 'pipe');
      expect(spawnSync('mkfifo', [path]).status).toBe(0);
      const writer = spawn('sh', ['-c', `{ printf 'first '; sleep 0.3; printf 'second\\n'; } > '${path}'`]);
      // Listened for from the start: it may be over before what it wrote has been read.
      const closed = new Promise((resolve) => writer.on('close', resolve));
      expect(await passphraseFromEnv({ env: { PERDURE_PASSPHRASE_FILE: path } })).toBe('first second');
      await closed;
    },
  );
});
