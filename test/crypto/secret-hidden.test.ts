import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { toBase64url, toHex } from '../../src/base/bytes.ts';
import { createNobleSigner } from '../../src/crypto/engine-noble-sign.ts';
import { generateKey } from '../../src/crypto/keys.ts';

describe.each(['ML-DSA-65', 'Ed25519'] as const)('a %s secret key shows nothing of itself', (alg) => {
  const key = generateKey(alg);

  function printed(value: unknown): string {
    let text = '';
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        text += String(chunk);
        done();
      },
    });
    const console = new Console(sink);
    console.log(value);
    console.log('%o %O %s %j', value, value, value, value);
    console.dir(value, { showHidden: true, depth: 9 });
    return text;
  }

  it('in console.log, inspect, JSON.stringify, template text, Object.entries, structuredClone; alone, nested and in a signer', () => {
    const signer = createNobleSigner(key);
    const texts = [
      printed(key),
      printed({ nested: [key] }),
      printed(signer),
      inspect(key, { showHidden: true, depth: 9, customInspect: false, getters: false, maxArrayLength: null }),
      JSON.stringify({ key, signer }),
      `${key}`,
      JSON.stringify(Object.entries(key)),
      inspect(structuredClone({ ...key }), { depth: 9, maxArrayLength: null }),
      String(new Error(`${key}`).stack),
    ];
    const secrets = [
      key.seed!,
      ...(key.expanded === null ? [] : [key.expanded.subarray(32, 64), key.expanded.subarray(128, 200)]),
    ];
    for (const text of texts) {
      // inspect aligns numbers in columns; without white space every way to list bytes looks alike.
      const dense = text.replace(/\s/g, '');
      for (const secret of secrets) {
        expect(dense).not.toContain(toHex(secret).slice(0, 16));
        expect(dense).not.toContain(toBase64url(secret).slice(0, 12));
        expect(dense).not.toContain([...secret.subarray(0, 6)].join(','));
      }
    }
    expect(printed(key)).toContain(key.publicKey.kid);
    expect(JSON.parse(JSON.stringify(key))).toEqual({ alg, kid: key.publicKey.kid, secret: '[hidden]' });
  });

  it('is zeros after wipe(), and using it then is an error rather than a signature by nobody', async () => {
    const mine = generateKey(alg);
    const bytes = [mine.seed!, ...(mine.expanded === null ? [] : [mine.expanded])];
    mine[Symbol.dispose]();
    for (const secret of bytes) expect(secret.every((byte) => byte === 0)).toBe(true);
    expect(() => mine.seed).toThrow(TypeError);
    await expect(createNobleSigner(mine).sign({ message: new Uint8Array(1), context: '' })).rejects.toMatchObject({
      code: 'SIGN_FAILED',
    });
  });
});
