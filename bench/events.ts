import { createHash } from 'node:crypto';
import type { Clock, Random } from '../src/base/ports.ts';
import { keyFromSeed, type SecretKey } from '../src/crypto/keys.ts';
import type { Algorithm } from '../src/crypto/public-key.ts';
import type { JsonObject } from '../src/receipt/json.ts';

/*
 * What every stage works on: the same in every run.
 */

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A key pair of a fixed seed. */
export function benchKey(alg: Algorithm): SecretKey {
  return keyFromSeed(alg, new Uint8Array(Buffer.from(digest('perdure bench key'), 'hex')));
}

/** Bytes that are the same in every run: a counter, hashed. */
export function fixedRandom(seed: string): Random {
  let counter = 0;
  return {
    bytes(length) {
      const out = new Uint8Array(length);
      for (let at = 0; at < length; at += 32) {
        const block = createHash('sha256').update(`${seed} ${counter++}`).digest();
        out.set(block.subarray(0, Math.min(32, length - at)), at);
      }
      return out;
    },
  };
}

/** A clock that goes on by a few milliseconds a call. */
export function fixedClock(startMs: number = Date.UTC(2026, 10, 20, 20, 34)): Clock {
  let calls = 0;
  return { nowMs: () => startMs + 7 * calls++ };
}

const AGENTS = ['build-bot', 'did:web:agents.example.com:reviewer', 'release-bot', 'triage'];
const TOOLS = ['fs.read', 'fs.write', 'git.commit', 'http.get', 'db.query', 'shell.run'];
const FILES = ['src/verify/judge.ts', 'README.md', 'test/log/crash.test.ts', 'package.json', 'src/cli/main.ts'];

/**
 * The n-th tool call of a long log, as a recorder writes it: three in four with commitments, some with small params inline, some
 * refused; lines of about 560 bytes on average.
 */
export function shortCall(n: number): JsonObject {
  const action = { tool: TOOLS[n % 6]!, target: FILES[(n * 7) % 5]! };
  const common = { type: 'tool_call', agent: AGENTS[(n >>> 8) % 4]!, session: `s-${n >>> 8}`, step: (n & 255) + 1 };
  switch (n & 3) {
    case 0:
      return {
        ...common,
        action: { ...action, params_commit: digest(`p${n}`) },
        outcome: { status: 'executed', result_commit: digest(`r${n}`) },
      };
    case 1:
      return {
        ...common,
        action: { ...action, params_commit: digest(`p${n}`) },
        outcome: { status: 'executed', rows: n % 97 },
        duration_ms: (n % 1000) / 8,
      };
    case 2:
      return {
        ...common,
        action: { ...action, params: { line: n % 400, text: `“${n % 13}” of 13\n`, dry: true } },
        outcome: { status: 'executed' },
      };
    default:
      return {
        ...common,
        action: { ...action, params_commit: digest(`p${n}`) },
        effect: 'deny',
        policy: { code: 'PATH', rule: 'no-write-outside' },
      };
  }
}

/** A tool call of about 400 bytes of canonical JSON, its members in no order, as callers write them. */
export function call400(n: number): JsonObject {
  return {
    type: 'tool_call',
    session: `s-${n >>> 6}`,
    agent: 'build-bot',
    step: (n & 63) + 1,
    outcome: { status: 'executed', rows: n % 97 },
    effect: 'allow',
    policy: { rule: 'allow-workspace', decision: 'permit' },
    duration_ms: (n % 1000) / 8,
    action: {
      tool: 'fs.write',
      target: 'packages/core/src/receipt/canonical.ts',
      params: { path: 'packages/core/src/receipt/canonical.ts', line: n % 4000, mode: 'replace', dry: false },
    },
    model: 'example-large-2',
  };
}

/** The same with params and a result of about 1 KB each, code with names, colons and equals signs, which a recorder commits to. */
export function callWithPayloads(n: number): JsonObject {
  const base = call400(n);
  const paragraph = `if (line.id === ${n % 1000}) return { path: file, size: lines.length }; // in order `;
  return {
    ...base,
    action: {
      tool: 'fs.write',
      target: 'packages/core/src/receipt/canonical.ts',
      params: {
        path: 'packages/core/src/receipt/canonical.ts',
        options: { encoding: 'utf8', mode: 'replace', lines: [n % 4000, (n % 4000) + 12] },
        content: paragraph.repeat(13),
      },
    },
    outcome: {
      status: 'executed',
      result: { ok: true, bytes: 1024 + (n % 10), diff: `${paragraph}\n`.repeat(13), warnings: [] },
    },
  };
}
