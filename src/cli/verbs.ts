import type { Verb } from './command.ts';

/** All verbs of this version, in the order of the help. */
export const VERBS: readonly Verb[] = [
  {
    name: 'key',
    summary: 'make, list, show and export keys',
    load: async () => (await import('./key.ts')).defineKey,
  },
  { name: 'init', summary: 'start a log', load: async () => (await import('./init.ts')).defineInit },
  {
    name: 'append',
    summary: 'record events from standard input as signed receipts',
    load: async () => (await import('./append.ts')).defineAppend,
  },
  { name: 'log', summary: 'list receipts', load: async () => (await import('./log.ts')).defineLog },
  { name: 'show', summary: 'show one receipt', load: async () => (await import('./show.ts')).defineShow },
  {
    name: 'verify',
    summary: 'verify a log, a file or standard input',
    load: async () => (await import('./verify.ts')).defineVerify,
  },
  {
    name: 'merge',
    summary: 'judge the shards of one verification together',
    load: async () => (await import('./merge.ts')).defineMerge,
  },
  {
    name: 'checkpoint',
    summary: 'sign, verify, show and cosign heads of logs',
    load: async () => (await import('./checkpoint.ts')).defineCheckpoint,
  },
  {
    name: 'prove',
    summary: 'write one receipt so that it can be verified without its log',
    load: async () => (await import('./prove.ts')).defineProve,
  },
  {
    name: 'witness',
    summary: 'remember and cosign checkpoints of logs',
    load: async () => (await import('./witness.ts')).defineWitness,
  },
  {
    name: 'policy',
    summary: 'check, test and explain what a gate allows',
    load: async () => (await import('./policy.ts')).definePolicy,
  },
  {
    name: 'canonicalize',
    summary: 'print JSON in its RFC 8785 form',
    load: async () => (await import('./canonicalize.ts')).defineCanonicalize,
  },
  {
    name: 'explain',
    summary: 'say what a code of a verdict or an error means',
    load: async () => (await import('./explain.ts')).defineExplain,
  },
  {
    name: 'doctor',
    summary: 'say what perdure finds on this machine',
    load: async () => (await import('./doctor.ts')).defineDoctor,
  },
  {
    name: 'demo',
    summary: 'record real calls, verify them, then tamper',
    load: async () => (await import('./verb-demo.ts')).defineDemo,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => {
      const { defineCompletion } = await import('./completion.ts');
      return (io, done) => defineCompletion(io, done, VERBS);
    },
  },
];

/** Verbs of cli.md that later versions bring. */
export const LATER_VERBS: ReadonlySet<string> = new Set(
  ('policy serve proxy trust bundle encrypt decrypt erase export report watch ' + 'replay').split(' '),
);
