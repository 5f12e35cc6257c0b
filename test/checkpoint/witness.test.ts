import fc from 'fast-check';
import { beforeEach, describe, expect, it, test } from 'vitest';
import { concatBytes, toBase64, utf8, utf8Text } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import { formatNote, type NoteSignature, parseNote, parseSignatureLine } from '../../src/checkpoint/note.ts';
import { cosign, judgeSignatures, noteKeyOf } from '../../src/checkpoint/note-keys.ts';
import { emptyRoot } from '../../src/checkpoint/tree-hash.ts';
import { mlDsa44KeyOf } from '../../src/checkpoint/vkey.ts';
import { createWitness, originHash, type Witness, type WitnessStore } from '../../src/checkpoint/witness.ts';
import {
  type CosignTask,
  type PostCheckpoint,
  requestCosignatures,
  withCosignatures,
} from '../../src/checkpoint/witness-client.ts';
import { formatAddCheckpoint, parseAddCheckpoint } from '../../src/checkpoint/witness-request.ts';
import { GrowingTree } from './growing-tree.ts';
import { cosigners, ed25519, logSigner, logSignerEd25519, mlDsa44Keys, mlDsa65, verifier, witnessKey } from './keys.ts';
import { EXAMPLES } from './notes.ts';

const ORIGIN = 'example.com/log/0123456789ab';
const NOW = 1_800_000_000;
const logKey = noteKeyOf(ORIGIN, mlDsa65.publicKey);
const tree = new GrowingTree(ORIGIN);
const fork = new GrowingTree(ORIGIN, 5);

class Memory implements WitnessStore {
  readonly notes = new Map<string, Uint8Array>();
  failing = false;
  /** What was stored, in order: by the time an answer leaves its note is here. */
  readonly stored: string[] = [];
  async latest(origin: string): Promise<Uint8Array | null> {
    return this.notes.get(origin) ?? null;
  }
  async store(origin: string, note: Uint8Array): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failing) throw new Error('disk full');
    this.stored.push(utf8Text(note).split('\n')[1]!);
    this.notes.set(origin, note);
  }
}

let memory: Memory;
let witness: Witness;
const all = [cosigners.ed25519, cosigners.mlDsa65, cosigners.mlDsa44];
const made = (logs = [{ origin: ORIGIN, keys: [logKey] }], nowMs = NOW * 1000 + 999) =>
  createWitness({ logs, cosigners: all, store: memory, verifier, clock: { nowMs: () => nowMs } });
beforeEach(() => {
  memory = new Memory();
  witness = made();
});
const post = async (oldSize: number, size: number, of = tree) => witness.add(await of.request(oldSize, size));

/** The request that tlog-witness prints; its proof and its checkpoint, byte for byte. */
const EXAMPLE = utf8(`old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`);

describe('the request', () => {
  it('of the specification reads, and writes back byte for byte', () => {
    const request = parseAddCheckpoint(EXAMPLE);
    expect(request.oldSize).toBe(20852014);
    expect(request.proof.map(toBase64)).toEqual(utf8Text(EXAMPLE).split('\n').slice(1, 5));
    expect(formatAddCheckpoint(request)).toEqual(EXAMPLE);
  });
  it('any byte of its head changed: refused, or written back as it was', () => {
    const end = utf8Text(EXAMPLE).indexOf('\n\n') + 2;
    fc.assert(
      fc.property(fc.nat(end - 1), fc.nat(255), (at, byte) => {
        const changed = EXAMPLE.with(at, byte);
        try {
          expect(formatAddCheckpoint(parseAddCheckpoint(changed))).toEqual(changed);
        } catch (error) {
          expect(isReceiptError(error, 'CHECKPOINT_MALFORMED')).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
  it('the response of the specification: three signature lines of two names', () => {
    const lines = [
      '— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==',
      '— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==',
      '— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==',
    ].map((line) => parseSignatureLine(line, 'line'));
    expect(lines.map(({ name, blob }) => [name, blob.length])).toEqual([
      ['witness.example/w1', 72],
      ['witness.example/w1', 72],
      ['witness.example/w2', 72],
    ]);
  });
});

describe('200', () => {
  it('the first checkpoint, a larger one, the same again: a line of each key, which verifies with the time', async () => {
    for (const [oldSize, size] of [
      [0, 3],
      [3, 7],
      [7, 7],
      [7, 8],
    ] as const) {
      const answer = await post(oldSize, size);
      expect(answer).toMatchObject({ status: 200, origin: ORIGIN, size });
      const lines = answer.body
        .slice(0, -1)
        .split('\n')
        .map((line) => parseSignatureLine(line, 'line'));
      const { text } = parseNote(await tree.note(size));
      const judged = await judgeSignatures(
        { text, signatures: lines },
        all.map(({ key }) => key),
        verifier,
      );
      expect(judged.good.map(({ timestamp }) => timestamp)).toEqual([NOW, NOW, NOW]);
      // What is served to monitors: the log's line and the very lines of the answer.
      const kept = parseNote((await witness.checkpointOf(originHash(ORIGIN)))!);
      expect(kept.text).toBe(text);
      expect(kept.signatures.map(({ keyId }) => keyId)).toEqual([logKey.id, ...lines.map(({ keyId }) => keyId)]);
      expect(kept.signatures.slice(1)).toEqual(lines);
    }
    expect(memory.stored).toEqual(['3', '7', '7', '8']);
  });
  it('size 0 with the root of nothing, again, and from there on', async () => {
    for (const [oldSize, size] of [
      [0, 0],
      [0, 0],
      [0, 4],
    ] as const)
      expect((await post(oldSize, size)).status).toBe(200);
  });
  it('signatures of strangers are ignored, and not kept', async () => {
    const { checkpoint } = await tree.request(0, 3);
    const note = parseNote(checkpoint);
    const stranger: NoteSignature = { name: 'stranger.example', keyId: new Uint8Array(4), blob: new Uint8Array(99) };
    const own = await cosign(note.text, cosigners.ed25519, 5);
    const noisy = formatNote(note.text, [stranger, ...note.signatures, own]);
    expect((await witness.add({ oldSize: 0, proof: [], checkpoint: noisy })).status).toBe(200);
    const kept = parseNote(memory.notes.get(ORIGIN)!).signatures;
    expect(kept).toHaveLength(4);
    expect(kept.filter(({ blob }) => blob.every((byte, i) => byte === own.blob[i]))).toEqual([]);
  });
  it('another log’s extension lines are carried, and signed as they stand', async () => {
    const text = `${parseNote(await tree.note(3)).text}extension\n`;
    const blob = await logSigner.sign({ message: utf8(text), context: 'perdure/checkpoint/v1' });
    const checkpoint = formatNote(text, [{ name: ORIGIN, keyId: logKey.id, blob }]);
    expect((await witness.add({ oldSize: 0, proof: [], checkpoint })).status).toBe(200);
    const judged = await judgeSignatures(
      parseNote(memory.notes.get(ORIGIN)!),
      all.map(({ key }) => key),
      verifier,
    );
    expect(judged.good).toHaveLength(3);
  });
});

describe('refusals', () => {
  it('400: what is malformed, and an old size above the size', async () => {
    const good = formatAddCheckpoint(await tree.request(0, 3));
    const text = utf8Text(good);
    const hash = toBase64(new Uint8Array(32));
    for (const [why, body] of Object.entries({
      nothing: '',
      'no old size': text.replace('old 0\n', ''),
      'another word': text.replace('old', 'new'),
      'a capital': text.replace('old', 'Old'),
      'no space': text.replace('old ', 'old'),
      'two spaces': text.replace('old ', 'old  '),
      'a leading zero': text.replace('old 0', 'old 00'),
      'a sign': text.replace('old 0', 'old -0'),
      'a large size': text.replace('old 0', 'old 9007199254740992'),
      CR: text.replace('old 0\n', 'old 0\r\n'),
      'no empty line': text.replace('old 0\n\n', 'old 0\n'),
      'a hash that is none': text.replace('old 0\n', 'old 0\nAAAA\n'),
      'a hash without padding': text.replace('old 0\n', `old 0\n${hash.slice(0, -1)}\n`),
      '64 hashes': text.replace('old 0\n', `old 0\n${`${hash}\n`.repeat(64)}`),
      'no signature': text.slice(0, text.lastIndexOf('—')),
      'no LF at the end': text.slice(0, -1),
      'a leading zero in the size': text.replace('\n3\n', '\n03\n'),
      'an empty extension line': text.replace('\n\n—', '\n\n\n—'),
      'text behind': `${text}more\n`,
    }))
      expect([why, (await witness.addCheckpoint(utf8(body))).status]).toEqual([why, 400]);
    expect((await witness.addCheckpoint(concatBytes(Uint8Array.of(0xff), good))).status).toBe(400);
    expect((await witness.add({ oldSize: 4, proof: [], checkpoint: await tree.note(3) })).status).toBe(400);
    expect(memory.stored).toEqual([]);
  });
  it('404: an unknown log, whoever signed', async () => {
    expect((await post(0, 3, new GrowingTree('example.com/other'))).status).toBe(404);
    expect((await witness.addCheckpoint(EXAMPLE)).status).toBe(404);
    expect(await witness.checkpointOf(originHash('example.com/other'))).toBeNull();
    expect(await witness.checkpointOf(originHash(ORIGIN))).toBeNull();
  });
  it('403: no signature of a trusted key, or one that fails', async () => {
    const { text, signatures } = parseNote(await tree.note(3));
    const [line] = signatures as [NoteSignature];
    const broken = { ...line, blob: line.blob.with(100, line.blob[100]! ^ 1) };
    const other = parseNote(await tree.note(3, [logSignerEd25519])).signatures[0]!;
    for (const lines of [[other], [broken], [broken, other], [line, broken], [line, line], [{ ...line, name: 'x' }]]) {
      const checkpoint = formatNote(text, lines);
      expect((await witness.add({ oldSize: 0, proof: [], checkpoint })).status).toBe(403);
    }
    // A checkpoint's own size moved under its signature.
    const moved = formatNote(text.replace('\n3\n', '\n4\n'), signatures);
    expect((await witness.add({ oldSize: 0, proof: [], checkpoint: moved })).status).toBe(403);
    // A signature is looked at before the sizes: nobody without the key learns what is remembered.
    expect((await witness.add({ oldSize: 99, proof: [], checkpoint: formatNote(text, [broken]) })).status).toBe(403);
    expect(memory.stored).toEqual([]);
  });
  it('403: of a log with both kinds of keys the Ed25519 line alone is not enough', async () => {
    const keys = [logKey, noteKeyOf(ORIGIN, ed25519.publicKey)];
    witness = made([{ origin: ORIGIN, keys }]);
    const alone = await tree.note(3, [logSignerEd25519]);
    const both = await tree.note(3, [logSignerEd25519, logSigner]);
    expect((await witness.add({ oldSize: 0, proof: [], checkpoint: alone })).status).toBe(403);
    expect((await witness.add({ oldSize: 0, proof: [], checkpoint: both })).status).toBe(200);
    witness = made([{ origin: ORIGIN, keys: keys.slice(1) }]);
    expect((await witness.add({ oldSize: 3, proof: [], checkpoint: alone })).status).toBe(200);
  });
  it('409: another old size than the remembered one, which the answer states', async () => {
    expect(await post(2, 3)).toMatchObject({ status: 409, contentType: 'text/x.tlog.size', body: '0\n' });
    await post(0, 5);
    for (const [oldSize, size] of [
      [0, 5],
      [0, 9],
      [4, 9],
      [6, 9],
      [0, 3],
      [3, 3],
    ] as const)
      expect(await post(oldSize, size)).toMatchObject({ status: 409, contentType: 'text/x.tlog.size', body: '5\n' });
    expect(memory.stored).toEqual(['5']);
  });
  it('400: rollback, from the remembered size to a smaller one', async () => {
    await post(0, 5);
    expect((await witness.add({ oldSize: 5, proof: [], checkpoint: await tree.note(3) })).status).toBe(400);
  });
  it('422: forks, wrong proofs, a proof where none belongs, size 0 with another root', async () => {
    const zeroText = `${ORIGIN}\n0\n${toBase64(new Uint8Array(32))}\n`;
    const blob = await logSigner.sign({ message: utf8(zeroText), context: 'perdure/checkpoint/v1' });
    const zero = formatNote(zeroText, [{ name: ORIGIN, keyId: logKey.id, blob }]);
    expect((await witness.add({ oldSize: 0, proof: [], checkpoint: zero })).status).toBe(422);
    expect((await witness.add({ oldSize: 0, proof: [emptyRoot()], checkpoint: await tree.note(3) })).status).toBe(422);
    expect(memory.stored).toEqual([]);
    await post(0, 6);
    // The fork differs from leaf 5 on: at this size already, and below every larger one.
    expect((await post(6, 6, fork)).status).toBe(422);
    expect((await post(6, 9, fork)).status).toBe(422);
    const good = await tree.request(6, 9);
    for (const [why, proof] of [
      ['empty', []],
      ['short', good.proof.slice(1)],
      ['long', [...good.proof, emptyRoot()]],
      ['reversed', [...good.proof].reverse()],
      ['changed', good.proof.map((hash, i) => (i === 0 ? hash.with(0, hash[0]! ^ 1) : hash))],
      ['of another size', await tree.prove(5, 9)],
    ] as const)
      expect([why, (await witness.add({ ...good, proof })).status]).toEqual([why, 422]);
    expect((await witness.add({ oldSize: 6, proof: [emptyRoot()], checkpoint: await tree.note(6) })).status).toBe(422);
    expect(memory.stored).toEqual(['6']);
    expect((await witness.add(good)).status).toBe(200);
  });
});

describe('persistence', () => {
  it('no answer leaves when the write fails, and what is remembered is as it was', async () => {
    await post(0, 3);
    memory.failing = true;
    await expect(post(3, 5)).rejects.toThrow('disk full');
    memory.failing = false;
    expect((await post(0, 9)).body).toBe('3\n');
    expect((await post(3, 5)).status).toBe(200);
  });
  it('requests at once for one log: one wins, the others are told, nothing rolls back', async () => {
    await post(0, 3);
    const sizes = [9, 4, 7, 5, 8, 6];
    const answers = await Promise.all(sizes.map((size) => post(3, size)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    const { size } = won[0]!;
    for (const { status, body } of answers.filter((one) => one !== won[0]))
      expect([status, body]).toEqual([409, `${size}\n`]);
    expect(memory.stored).toEqual(['3', String(size)]);
  });
  it('logs do not wait for each other', async () => {
    const other = new GrowingTree('example.com/other');
    witness = made([
      { origin: ORIGIN, keys: [logKey] },
      { origin: other.origin, keys: [noteKeyOf(other.origin, mlDsa65.publicKey)] },
    ]);
    const answers = await Promise.all([post(0, 3), post(0, 5, other)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect([...memory.notes.keys()].sort()).toEqual([ORIGIN, other.origin]);
  });
});

describe('the log’s side', () => {
  const task = async (size: number, of = tree): Promise<CosignTask> => ({
    note: await of.note(size),
    prove: (oldSize) => of.prove(oldSize, size),
    name: 'w1',
  });
  const known = { keys: all.map(({ key }) => key), verifier };
  let requests: number;
  const direct: PostCheckpoint = async (body) => {
    requests++;
    const answer = await witness.addCheckpoint(body);
    return { ...answer, body: utf8(answer.body) };
  };
  const answers =
    (...list: [status: number, body: string, contentType?: string][]): PostCheckpoint =>
    async () => {
      const [status, body, contentType = 'text/plain'] = list[Math.min(requests++, list.length - 1)]!;
      return { status, contentType, body: utf8(body) };
    };
  beforeEach(() => {
    requests = 0;
  });

  it('asks from size 0, is told the size, proves from there, and puts what verifies on the note', async () => {
    const first = await requestCosignatures(direct, await task(4), known);
    expect([requests, first.length]).toEqual([1, 3]);
    const { note } = await task(9);
    const lines = await requestCosignatures(direct, await task(9), known);
    expect([requests, lines.length]).toEqual([3, 3]);
    const whole = parseNote(withCosignatures(parseNote(note), lines));
    const judged = await judgeSignatures(whole, [logKey, ...known.keys], verifier);
    expect([judged.good.length, judged.bad.length, judged.unknown]).toEqual([4, 0, 0]);
    // Cosigned again: new lines in the places of the old ones.
    const again = withCosignatures(whole, await requestCosignatures(direct, { ...(await task(9)), note }, known));
    expect(parseNote(again).signatures.map(({ keyId }) => keyId)).toEqual(whole.signatures.map(({ keyId }) => keyId));
    expect(parseNote(withCosignatures(parseNote(note), [...lines, ...lines])).signatures).toHaveLength(4);
  });
  it('cosignatures of unknown keys are ignored; with none of a known key it is refused', async () => {
    const one = { keys: [cosigners.mlDsa44.key], verifier };
    expect(await requestCosignatures(direct, await task(4), one)).toHaveLength(1);
    const none = { keys: [mlDsa44KeyOf('w', mlDsa44Keys.publicKey)], verifier };
    await expect(requestCosignatures(direct, await task(4), none)).rejects.toMatchObject({ code: 'WITNESS_REFUSED' });
  });
  it('a witness that remembers more, or another tree, is told apart', async () => {
    await post(0, 6);
    await expect(requestCosignatures(direct, await task(4), known)).rejects.toThrow(/size 6 or more/);
    await expect(requestCosignatures(direct, await task(6, fork), known)).rejects.toThrow(
      /another root for this very size/,
    );
    await expect(requestCosignatures(direct, await task(9, fork), known)).rejects.toThrow(/proof from its tree/);
  });
  it('any other answer is refused, and none is waited for without end', async () => {
    for (const [reply, found] of [
      [answers([403, '']), /status 403/],
      [answers([404, '']), /status 404/],
      [answers([500, '']), /status 500/],
      [answers([301, '']), /status 301/],
      [answers([409, '3\n']), /something else/],
      [answers([409, 'three\n', 'text/x.tlog.size']), /something else/],
      [answers([409, '3', 'text/x.tlog.size']), /something else/],
      [answers([409, '2\n', 'text/x.tlog.size'], [409, '3\n', 'text/x.tlog.size']), /another size 4 times/],
      [answers([200, '']), /something else/],
      [answers([200, 'cosigned\n']), /something else/],
      [answers([200, '— w AAAA\n']), /something else/],
    ] as const) {
      requests = 0;
      const refused = requestCosignatures(reply, await task(4), known);
      await expect(refused).rejects.toMatchObject({ code: 'WITNESS_REFUSED', message: expect.stringMatching(found) });
    }
  });
  it('a line that is not of this checkpoint, or states no time, is not taken', async () => {
    const { text } = parseNote(await tree.note(5));
    const stale = `— ${cosigners.ed25519.key.name} `;
    const line = await cosign(text, cosigners.ed25519, NOW);
    const body = `${stale}${toBase64(concatBytes(line.keyId, line.blob))}\n`;
    await expect(requestCosignatures(answers([200, body]), await task(4), known)).rejects.toThrow(/that does not/);
    const own = { keys: [logKey], verifier };
    const [ownLine] = parseNote(await tree.note(4)).signatures as [NoteSignature];
    const echoed = `— ${ownLine.name} ${toBase64(concatBytes(ownLine.keyId, ownLine.blob))}\n`;
    await expect(requestCosignatures(answers([200, echoed]), await task(4), own)).rejects.toMatchObject({
      code: 'WITNESS_REFUSED',
    });
  });
});

test('the example of tlog-cosignature has lines that nobody known here signed', async () => {
  const judged = await judgeSignatures(
    parseNote(EXAMPLES.cosigned),
    [noteKeyOf(ORIGIN, witnessKey.publicKey)],
    verifier,
  );
  expect(judged).toEqual({ good: [], bad: [], unknown: 2 });
});
