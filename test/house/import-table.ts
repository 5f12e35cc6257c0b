import type { Edge } from './imports.ts';

/**
 * Who may import whom: the flow base → crypto → receipt → chain → checkpoint → log → trust, envelope → bundle → verify → query,
 * report, watch → gate → mcp, interop → cli, page, folder by folder. A place is a folder of src/ or one of the files beside them.
 * Every place may import itself. Patterns are paths below src/, `*` standing for anything.
 */
export interface Row {
  /** Our own files, by whatever import. */
  readonly may: readonly string[];
  /** Our own files by `import type` alone. */
  readonly mayType?: readonly string[];
  /** What single files may take besides. */
  readonly file?: readonly (readonly [file: string, ...targets: string[]])[];
  /** Which files take which Node modules; all other files take none. */
  readonly node?: readonly (readonly [file: string, ...modules: string[]])[];
  /** Packages, by their names. */
  readonly packages?: readonly string[];
}

/** The ports: what a stage may know of crypto without knowing who computes. */
const PORTS = ['crypto/hash.ts', 'crypto/public-key.ts', 'crypto/signer.ts', 'crypto/verifier.ts'];

/** What only verifies. The Signer port is not among it: a verifier has no use for it, and a grep for it finds nothing. */
const VERIFY_ONLY = [
  'crypto/verifier.ts',
  'crypto/line-verifier.ts',
  'crypto/public-key.ts',
  'crypto/hash.ts',
  'crypto/engines.ts',
  'crypto/*-verify.ts',
];

const SPINE = ['base/*', 'receipt/*', 'chain/*', 'checkpoint/*'];

export const TABLE: Readonly<Record<string, Row>> = {
  base: { may: [] },
  crypto: {
    may: ['base/*'],
    node: [
      ['crypto/keystore*.ts', 'node:fs', 'node:fs/promises', 'node:path', 'node:os'],
      ['crypto/*worker*.ts', 'node:worker_threads'],
      ['crypto/*native*.ts', 'node:crypto'],
      ['crypto/hash.ts', 'node:crypto'],
    ],
    packages: ['@noble/ciphers', '@noble/curves', '@noble/hashes', '@noble/post-quantum'],
  },
  receipt: { may: ['base/*', ...PORTS], packages: ['canonicalize', 'zod', 'uuid'] },
  chain: { may: ['base/*', ...PORTS, 'receipt/*'] },
  checkpoint: {
    may: ['base/*', ...PORTS, 'receipt/*', 'chain/*'],
    // C2SP's own kinds of signatures, which the Verifier port cannot say: Ed25519 over bare text, and ML-DSA-44, loaded on demand.
    file: [['checkpoint/note-keys.ts', 'crypto/ed25519-verify.ts', 'crypto/engine-noble-verify.ts']],
  },
  log: {
    may: SPINE,
    // A log is handed its signer, verifier and hash; it names their types and makes none of them.
    mayType: PORTS,
    // Where a folder of this machine is opened: who judges a last line that lacks its LF, and who hashes the tree, is chosen there, as
    // its disk is.
    file: [['log/open.ts', 'crypto/engines.ts', 'crypto/wasm-hash.ts']],
    node: [
      ['log/node-disk.ts', 'node:*'],
      ['log/lock.ts', 'node:*'],
    ],
    packages: ['uuid'],
  },
  trust: { may: [...SPINE, 'crypto/*'] },
  envelope: { may: [...SPINE, 'crypto/*'], packages: ['@noble/ciphers', '@noble/hashes', '@noble/post-quantum'] },
  bundle: { may: [...SPINE, 'crypto/*'], packages: ['fflate'] },
  verify: {
    may: [...SPINE, ...VERIFY_ONLY, 'trust/*', 'bundle/*'],
    node: [
      ['verify/files.ts', 'node:*'],
      ['verify/ranges.ts', 'node:fs/promises'],
      ['verify/spawn.ts', 'node:worker_threads', 'node:os', 'node:module'],
      ['verify/worker-thread.ts', 'node:worker_threads'],
    ],
  },
  query: { may: ['base/*', 'receipt/*', 'bundle/*', 'verify/*'] },
  report: { may: ['base/*', 'receipt/*', 'bundle/*', 'verify/*'], packages: ['csv-stringify', 'pdfkit', 'uplot'] },
  watch: { may: ['base/*', 'receipt/*', 'bundle/*', 'verify/*'] },
  gate: {
    // `crypto/mac.ts` vouches for its own snapshots; the auditor judges the log before anything is decided by it (format section 9).
    may: ['base/*', ...PORTS, 'crypto/mac.ts', 'receipt/*', 'chain/*', 'log/*', 'trust/*', 'recorder.ts', 'auditor.ts'],
    // Who judges signatures of agents is chosen where a gate is opened, as a log's verifier is.
    file: [['gate/gate.ts', 'crypto/engines.ts']],
    node: [['gate/serve.ts', 'node:http']],
    packages: ['zod', 'yaml', 're2js', 'hono', '@hono/node-server', '@cedar-policy/cedar-wasm'],
  },
  mcp: {
    may: ['base/*', 'gate/*', 'recorder.ts'],
    node: [['mcp/transport.ts', 'node:*']],
    packages: ['@modelcontextprotocol/server', '@modelcontextprotocol/client'],
  },
  interop: { may: ['base/*', ...PORTS, 'receipt/*', 'checkpoint/*'], packages: ['cborg'] },
  page: { may: ['base/*', 'auditor.ts', 'envelope/*', 'query/*', 'report/*'], packages: ['uplot'] },
  cli: {
    may: [
      ...SPINE,
      'crypto/*',
      'log/*',
      'trust/*',
      'envelope/*',
      'bundle/*',
      'verify/*',
      'query/*',
      'report/*',
      'watch/*',
    ].concat(['gate/*', 'mcp/*', 'interop/*', 'recorder.ts', 'auditor.ts', 'index.ts']),
    node: [['cli/*', 'node:*']],
    packages: ['*'],
  },
  'recorder.ts': { may: [...SPINE, ...PORTS, 'log/*'] },
  // The read spine may take what verify takes: base for its errors, the verifying half of crypto for the keys a caller names.
  'auditor.ts': { may: [...SPINE, ...VERIFY_ONLY, 'trust/*', 'bundle/*', 'verify/*'] },
  'index.ts': {
    may: [
      ...SPINE,
      'crypto/*',
      'log/*',
      'trust/*',
      'envelope/*',
      'bundle/*',
      'verify/*',
      'query/*',
      'report/*',
      'watch/*',
    ].concat(['gate/*', 'interop/*', 'recorder.ts', 'auditor.ts']),
  },
};

/** Judge every import line. @returns one sentence for each that the table does not allow. */
export function violations(edges: readonly Edge[]): string[] {
  return edges.flatMap((edge) => {
    const why = judge(edge);
    return why === null ? [] : [`${edge.from} -> ${edge.to} (${edge.kind}): ${why}`];
  });
}

function judge({ from, to, kind }: Edge): string | null {
  const file = from.replace(/^src\//, '');
  const place = placeOf(file);
  const row = TABLE[place];
  if (row === undefined) return `${place} has no row in the table`;
  if (to === '?') return place === 'cli' ? null : 'expected a target that can be read in the source';
  if (to.startsWith('node:')) {
    const modules = (row.node ?? []).flatMap(([pattern, ...allowed]) => (matches(file, [pattern]) ? allowed : []));
    return matches(to, modules) ? null : 'this file takes no such Node module';
  }
  if (!to.startsWith('src/')) {
    if (to.startsWith('.') || to.includes('/../')) return 'leaves src/';
    return matches(to, row.packages ?? []) ? null : `no package of ${place}`;
  }
  const target = to.slice('src/'.length);
  const besides = (row.file ?? []).flatMap(([pattern, ...targets]) => (matches(file, [pattern]) ? targets : []));
  if (placeOf(target) === place || matches(target, [...row.may, ...besides])) return null;
  if (matches(target, row.mayType ?? [])) return kind === 'type' ? null : 'only by import type';
  return `${place} may not import ${placeOf(target)}`;
}

function placeOf(file: string): string {
  return file.split('/')[0]!;
}

function matches(text: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const source = pattern.replace(/[.+?^${}()|[\]\\/]/g, '\\$&').replaceAll('*', '.*');
    return new RegExp(`^${source}$`).test(text);
  });
}
