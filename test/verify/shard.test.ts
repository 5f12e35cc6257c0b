import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { mergeShards, verify, verifyShard } from '../../src/auditor.ts';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import { canonicalText, parseStrict } from '../../src/receipt/canonical.ts';
import { rotationEvent } from '../../src/receipt/control.ts';
import type { Json, JsonObject } from '../../src/receipt/json.ts';
import { chooseEngines } from '../../src/verify/choose-engines.ts';
import { summariseShard } from '../../src/verify/shard.ts';
import type { Engines, VerifyOptions } from '../../src/verify/source.ts';
import { threadsFor } from '../../src/verify/threads.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { writeShard } from '../../src/verify/write-shard.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { FOLDERS, optionsOf, readKit } from '../tamper/kit.ts';
import { verifyOnce } from '../tamper/run-kit.ts';
import { eventful, hostileLines, ofOtherLog, one, optionSets, outcome, two } from './eventful.ts';
import { pretend, sourceOf } from './pretend.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await chooseEngines({});
});

const outside = (verdict: Verdict): object => ({ ...verdict, run: null });

/** Make all shards as so many machines would, each by itself. @returns their documents. */
async function shardsOf(
  bytes: Uint8Array,
  options: VerifyOptions,
  of: number,
  { workers = 1, taskBytes = 1000 } = {},
): Promise<Uint8Array[]> {
  const documents: Uint8Array[] = [];
  for (let index = 1; index <= of; index++) {
    const shard = await summariseShard({
      source: sourceOf(bytes, 'ranges'),
      options,
      engines,
      wish: {},
      threads: threadsFor({ workers, engines: {}, spawn: pretend, leastMs: 0, taskBytes }),
      shard: { index, of },
    });
    documents.push(utf8(JSON.stringify(writeShard(shard))));
  }
  return documents;
}

async function expectSame(
  bytes: Uint8Array,
  options: VerifyOptions,
  of: number,
  how: { workers?: number; taskBytes?: number } = {},
): Promise<Verdict> {
  const documents = await shardsOf(bytes, options, of, how);
  const merged = mergeShards(of % 2 === 0 ? documents.reverse() : documents);
  expect(await outcome(merged), `${of} shards`).toEqual(await outcome(verifyOnce(bytes, options, engines)));
  return merged;
}

describe('any number of shards: the verdict of one pass', () => {
  test.each(FOLDERS)('the kit: %s', async (folder) => {
    for (const [i, one] of readKit(folder).cases.entries()) {
      await expectSame(one.bytes, optionsOf(one), 1 + (i % 9), {
        workers: 1 + (i % 3),
        taskBytes: 500 + 37 * (i % 50),
      });
    }
  });

  test('hostile lines, in any order, torn at the end', async () => {
    const how = fc.record({ workers: fc.integer({ min: 1, max: 4 }), taskBytes: fc.integer({ min: 200, max: 9000 }) });
    await fc.assert(
      fc.asyncProperty(
        hostileLines,
        fc.nat(60),
        fc.nat(optionSets.length - 1),
        fc.integer({ min: 1, max: 9 }),
        how,
        async (lines, cut, which, of, way) => {
          const bytes = utf8(lines.join(''));
          const kept = bytes.subarray(0, bytes.length - Math.min(cut, bytes.length));
          await expectSame(kept, optionSets[which]!, of, way).catch(ofOtherLog);
        },
      ),
      { numRuns: 80 },
    );
  });

  test('keys that only rotations before a shard name are found there', async () => {
    const keys = Array.from({ length: 4 }, (_, i) => fixedKey(`k${i}`, 'Ed25519'));
    const log = new LogBuilder([keys[0]!]).genesis().calls(3);
    for (const next of keys.slice(1)) {
      log.add(rotationEvent({ mode: 'each', keys: [next.publicKey] }), { by: [...log.keys, next] });
      log.keys = [next];
      log.calls(4);
    }
    const options = { trust: trustKeys([{ key: keys[0]!.publicKey }]), allowClassical: true };
    for (const of of [1, 2, 5, 9]) {
      const { verdict, signatures } = await expectSame(log.bytes(), options, of);
      expect([verdict, signatures.unknown]).toEqual(['valid', 0]);
    }
    const pinned = { trust: trustKeys([{ name: 'last', key: keys[3]!.publicKey.kid }]), allowClassical: true };
    await expectSame(concatBytes(...log.lines.slice(-2), ...log.lines), pinned, 4);
  });

  test('more shards than bytes, and no bytes at all', async () => {
    await expectSame(utf8('x\n'), optionSets[0]!, 7);
    await expectSame(new Uint8Array(0), optionSets[0]!, 3);
  });
});

describe('what the library offers', () => {
  const log = new LogBuilder([fixedKey('alice')]).genesis().calls(5);
  const keys = [fixedKey('alice').publicKey];

  test('verifyShard and mergeShards, over a Blob', async () => {
    const blob = new Blob([log.bytes() as BlobPart]);
    const documents = await Promise.all(
      [2, 1, 3].map(async (index) => utf8(JSON.stringify(await verifyShard(blob, { index, of: 3 }, { keys })))),
    );
    const merged = await mergeShards(documents);
    expect(outside(merged)).toEqual(outside(await verify(blob, { keys })));
    expect(merged.run).toMatchObject({ engine: 'wasm', workers: 3, cross_checked_with: null });
  });

  test('a cross-check that was asked for is said as one pass says it', async () => {
    const blob = new Blob([log.bytes() as BlobPart]);
    const made = await verifyShard(blob, { index: 1, of: 1 }, { keys, crossCheck: true });
    const merged = await mergeShards([utf8(JSON.stringify(made))]);
    expect(merged.run.cross_checked_with).toBe('noble');
    const undone = { ...made, run: { ...made.run, cross_checked_with: null } };
    const { not_checked } = await mergeShards([utf8(JSON.stringify(undone))]);
    expect(not_checked[0]).toMatchObject({ what: 'cross-check' });
  });

  test('what cannot be sharded says so', async () => {
    const custom = { trust: { ...trustKeys([]) } };
    const shard = { index: 1, of: 2 };
    for (const run of [verifyShard(log.bytes(), shard), verifyShard(new Blob(['x']), shard, custom)]) {
      await expect(run).rejects.toSatisfy((error) => isReceiptError(error, 'UNSUPPORTED'));
    }
    await expect(verifyShard(new Blob(['x']), { index: 3, of: 2 })).rejects.toThrow(RangeError);
    await expect(verifyShard(new Blob(['x']), { index: 0, of: 2 })).rejects.toThrow(RangeError);
    const aborted = verifyShard(new Blob([log.bytes() as BlobPart]), shard, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toSatisfy((error) => isReceiptError(error, 'ABORTED'));
  });
});

describe('shards that do not fit', () => {
  const bytes = concatBytes(...eventful());
  const options = { trust: trustKeys([{ key: one.publicKey }]), allowClassical: true };
  let parts: Uint8Array[] = [];
  beforeAll(async () => {
    parts = await shardsOf(bytes, options, 3);
  });
  const differ = async (documents: readonly Uint8Array[], found: string | RegExp): Promise<void> => {
    const error = await mergeShards(documents).catch((thrown) => thrown);
    expect(isReceiptError(error, 'SHARDS_DIFFER'), String(error)).toBe(true);
    expect(error.message).toMatch(found);
  };
  /** A document with one value changed. */
  const edited = (document: Uint8Array, edit: (value: Record<string, Record<string, Json>>) => void): Uint8Array => {
    const value = JSON.parse(new TextDecoder().decode(document));
    edit(value);
    return utf8(JSON.stringify(value));
  };

  test('missing, twice, of another number', async () => {
    await differ([], 'got none');
    await differ([parts[0]!, parts[2]!], 'all but 2');
    await differ([...parts, parts[1]!], 'shard 2 once, got it in document 2 too');
    await differ(
      [...parts.slice(0, 2), (await shardsOf(bytes, options, 4))[2]!],
      'shards of 3, as document 1, got one of 4',
    );
    await differ((await shardsOf(bytes, options, 40)).slice(0, 20), /all but 21, .*30 and 10 more/);
  });

  test('of another log, another size, with other options or keys, by another version', async () => {
    const other = (await shardsOf(concatBytes(...new LogBuilder([two]).genesis('batch').lines, bytes), options, 3))[2]!;
    await differ([...parts.slice(0, 2), other], 'size_bytes');
    const foreign = bytes.slice();
    foreign[30] ^= 1;
    await differ([...parts.slice(0, 2), (await shardsOf(foreign, options, 3))[2]!], 'starts_with');
    for (const [change, name] of [
      [{ maxProblems: 7 }, 'max_problems'],
      [{ expect: { minSize: 1 } }, 'expect'],
      [{ allowClassical: false }, 'allow_classical'],
      [{ trust: trustKeys([{ name: 'x', key: one.publicKey }]) }, 'keys'],
      [{ notAfter: '2030-01-01T00:00:00.000Z' }, 'not_after'],
    ] as const) {
      const last = (await shardsOf(bytes, { ...options, ...change }, 3))[2]!;
      await differ([...parts.slice(0, 2), last], name);
    }
    const older = edited(parts[1]!, (value) => Object.assign(value, { tool: 'perdure 0.0.9' }));
    await differ([parts[0]!, older, parts[2]!], 'perdure 0.0.9');
  });

  test('parts that do not add up', async () => {
    const short = edited(parts[1]!, (value) => {
      (value.summary as { bytes: number }).bytes -= 1;
    });
    await differ([parts[0]!, short, parts[2]!], `${bytes.length - 1} bytes`);
    const torn = edited(parts[1]!, (value) => {
      value.summary!.torn = { bytes: 3, line: false };
    });
    await differ([parts[0]!, torn, parts[2]!], 'torn bytes only at the end of all');
  });
});

describe('a file that is no shard', () => {
  const bytes = concatBytes(...eventful(), utf8('no receipt\n'));
  let document = '';
  beforeAll(async () => {
    const options = { trust: trustKeys([{ key: one.publicKey }, { key: two.publicKey.kid }]), expect: { size: 9 } };
    document = new TextDecoder().decode((await shardsOf(bytes, options, 1))[0]);
  });

  /** Merging never crashes: it judges, or says what is wrong with the file. */
  async function judgedOrRefused(text: string): Promise<boolean> {
    try {
      await mergeShards([utf8(text)]);
      return true;
    } catch (error) {
      if (!isReceiptError(error, 'SHARD_MALFORMED') && !isReceiptError(error, 'SHARDS_DIFFER')) throw error;
      return false;
    }
  }

  test('no JSON, other JSON, JSON that some parsers read in another way', async () => {
    expect(await judgedOrRefused(document)).toBe(true);
    const texts = [
      '',
      '{',
      'null',
      '[]',
      '{}',
      '1',
      `${document}x`,
      document.slice(0, -1),
      `{"schema":1,${document.slice(1)}`,
    ];
    for (const text of texts) expect(await judgedOrRefused(text), text.slice(0, 20)).toBe(false);
    const more = document.replace('"shard":{', '"shard":{"__proto__":null,');
    expect(await judgedOrRefused(more)).toBe(false);
  });

  /** Every place of a document, as a path. */
  function places(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
    if (typeof value !== 'object' || value === null) return [path];
    const inner = Array.isArray(value)
      ? value.flatMap((each: Json, i) => places(each, [...path, i]))
      : Object.entries(value as JsonObject).flatMap(([name, each]) => places(each, [...path, name]));
    return [path, ...inner];
  }

  test('any one value taken out or exchanged for any other: judged or refused, never a crash', async () => {
    const all = places(parseStrict(utf8(document)));
    expect(all.length).toBeGreaterThan(300);
    const junk: readonly (Json | undefined)[] = [
      undefined,
      null,
      true,
      -1,
      0,
      1.5,
      2 ** 53 - 1,
      '',
      '\u001b[31m',
      [],
      {},
      [[]],
    ];
    const refused = new Set<string>();
    for (const [i, path] of all.entries()) {
      if (path.length === 0) continue;
      for (const [j, value] of junk.entries()) {
        // A third of all, another one at each place.
        if ((i + j) % 3 !== 0) continue;
        const copy = JSON.parse(document);
        let parent = copy;
        for (const step of path.slice(0, -1)) parent = parent[step];
        if (value !== undefined) parent[path.at(-1)!] = value;
        else if (Array.isArray(parent)) parent.splice(path.at(-1) as number, 1);
        else delete parent[path.at(-1)!];
        if (!(await judgedOrRefused(JSON.stringify(copy)))) refused.add(String(path));
      }
    }
    expect(refused.size).toBeGreaterThan(0.8 * all.length);
  });

  test('nothing that a terminal would act on gets into what is printed by way of engine, algorithm or origin', async () => {
    for (const [from, to] of [
      ['"engine":"wasm"', '"engine":"\\u001b[2J"'],
      ['"alg":"Ed25519"', '"alg":"\\u001b[2J"'],
      ['"log":"example', '"log":"\\u001b[2Jexample'],
    ] as const) {
      expect(document).toContain(from);
      expect(await judgedOrRefused(document.replace(from, to))).toBe(false);
    }
  });

  test('what is written is read back to the same document', async () => {
    const value = parseStrict(utf8(document));
    expect(canonicalText(JSON.parse(document))).toBe(canonicalText(value));
    const { readShard } = await import('../../src/verify/read-shard.ts');
    expect(JSON.stringify(writeShard(readShard(value)))).toBe(document);
  });
});
