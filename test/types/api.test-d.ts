// Compile-only: `tsc -p test` is the run. The public API as its users write it: right uses compile, and each @ts-expect-error fails the
// build when the line below it becomes legal.
import { readFile } from 'node:fs/promises';
import * as verifying from '../../src/auditor.ts';
import * as api from '../../src/index.ts';
import * as receipts from '../../src/receipt/index.ts';
import { type AnyLeaks, type Equal, holds } from './equal.ts';

holds<Equal<AnyLeaks<typeof api>, never>>();
holds<Equal<AnyLeaks<typeof verifying>, never>>();
holds<Equal<AnyLeaks<typeof receipts>, never>>();
// What a log, a recorder and a keystore hand out.
holds<Equal<AnyLeaks<api.Log>, never>>();
holds<Equal<AnyLeaks<api.Recorder>, never>>();
holds<Equal<AnyLeaks<api.Keystore>, never>>();
holds<Equal<AnyLeaks<api.Verdict>, never>>();
holds<Equal<AnyLeaks<api.Receipt['entry']>, never>>();

// Everything of perdure/verify and perdure/receipt is in perdure too, as the same thing.
holds<typeof api extends typeof verifying ? true : false>();
holds<typeof api extends typeof receipts ? true : false>();

/** The way of the README. */
export async function recordAndVerify(): Promise<api.Verdict> {
  const key = api.generateKey('ML-DSA-65');
  const signer = await api.createSigner(key, { worker: true });
  const log = await api.createLog('audit', { origin: 'example.com/audit', signers: [signer], mode: 'each' });
  const recorder = api.createRecorder({ log, payloads: 'discard', redaction: { names: ['card number'] } });
  const { receipt, signed } = await recorder.record({
    type: 'tool_call',
    agent: 'build-bot',
    action: { tool: 'fs.read', params: { path: 'a.txt', lines: [1, 2] } },
    outcome: { status: 'executed', result: new Uint8Array(4), rows: 1 },
    duration_ms: 1.5,
    data: { anything: ['of', { my: 'own' }] },
  });
  holds<Equal<typeof signed, boolean>>();
  holds<Equal<typeof receipt.entry.seq, number>>();
  holds<Equal<typeof receipt.entry.event, api.JsonObject>>();
  const head: api.Head = log.head();
  await log.append({ type: 'custom', data: null }, { waitFor: 'durable' });
  await log.append(api.closeEvent({ scope: 'log' }));
  await log.close();
  await signer.close();
  return api.verify(await api.openEvidence('audit'), { keys: [key.publicKey], expect: { head } });
}

/** What can be verified, and by what. */
export async function verifyEverything(key: api.PublicKey, log: api.Log): Promise<void> {
  const kid: string = key.kid;
  await api.verify(log, { keys: [kid] });
  await api.verify(await readFile('log.jsonl'), {
    keys: [{ name: 'build-bot', key }],
    engine: 'noble',
    crossCheck: true,
  });
  await api.verify(new Blob([]), {
    trust: api.trustKeys([{ key: kid }]),
    expect: { minSize: 3, genesis: '0'.repeat(64) },
  });
  await api.verify(process.stdin, { keys: [key], onProgress: ({ lines, bytes }) => console.log(lines, bytes) });
  const verdict = await api.verifyReceipt('{}', key);
  holds<Equal<typeof verdict.verdict, 'valid' | 'invalid' | 'unverifiable'>>();
  for (const { code, line } of verdict.problems) {
    holds<Equal<typeof code, api.Code>>();
    holds<Equal<typeof line, number | null>>();
    console.log(api.EXPLANATIONS[code].todo);
  }
  // @ts-expect-error a verdict is read, not written
  verdict.verdict = 'valid';
}

/** Reading a log. */
export async function read(log: api.Log, sha256Hex: receipts.Sha256Hex): Promise<void> {
  for await (const { receipt, line } of log.receipts({ from: 10, to: 20 })) {
    holds<Equal<typeof line, Uint8Array>>();
    const again = receipts.parseReceipt(line);
    holds<Equal<typeof again, typeof receipt>>();
  }
  const kept = await log.readPayload('0'.repeat(64));
  // @ts-expect-error it may be gone
  kept.payload;
  if (kept !== null) api.formOfPayload('params', '0'.repeat(64), kept, sha256Hex);
  const stored = await log.get(3);
  // @ts-expect-error there may be none
  stored.receipt;
  // @ts-expect-error a member is params, result or error
  if (kept !== null) api.formOfPayload('prompt', '0'.repeat(64), kept, sha256Hex);
}

/** A key that lives elsewhere: whoever has sign and a public key is a signer. */
export function externalSigner(publicKey: api.PublicKey): api.Signer {
  return {
    publicKey,
    engine: 'external',
    sign: async (input) => ('mu' in input ? input.mu : 'bare' in input ? input.bare : input.message).slice(),
  };
}

/** A sink is a log or two. */
export function twoSinks(
  first: api.Log,
  second: api.Log,
): api.Sink<[api.Appended, api.Appended], [api.Verdict, string]> {
  return api.tee(
    api.logSink(first, (log) => api.verify(log)),
    api.logSink(second, async () => 'not asked'),
  );
}

/** Wrong uses. */
export async function wrong(log: api.Log, recorder: api.Recorder, key: api.SecretKey): Promise<void> {
  // @ts-expect-error no such algorithm
  api.generateKey('RSA');
  // @ts-expect-error a log needs an origin
  await api.createLog('audit', { signers: [] });
  // @ts-expect-error a secret key is no signer
  await api.openLog('audit', { signer: key });
  // @ts-expect-error a mode is each or batch
  await api.createLog('audit', { origin: 'a', mode: 'none' });
  // @ts-expect-error an event needs a type
  await recorder.record({ agent: 'a' });
  // @ts-expect-error types are a closed list; one's own content goes under data
  await recorder.record({ type: 'my_call' });
  // @ts-expect-error the schema is closed
  await recorder.record({ type: 'custom', mine: 1 });
  // @ts-expect-error control entries are the log's own
  await recorder.record({ type: 'genesis' });
  // @ts-expect-error a status is one of four
  await recorder.record({ type: 'tool_call', outcome: { status: 'done' } });
  // @ts-expect-error undefined is no JSON: leave the member out
  await recorder.record({ type: 'tool_call', agent: undefined });
  // @ts-expect-error a Date is no JSON: say it as text
  await recorder.record({ type: 'custom', data: new Date() });
  // @ts-expect-error no such wait
  await log.append({ type: 'custom' }, { waitFor: 'sent' });
  // @ts-expect-error nobody verifies with a secret key
  await api.verify(log, { keys: [key] });
  // @ts-expect-error a path is opened first: openEvidence
  await api.verify('audit', {});
  // @ts-expect-error no such engine
  await api.verify(log, { engine: 'openssl' });
  // @ts-expect-error a head is size and hash
  await api.verify(log, { expect: { head: 'abc' } });
  // @ts-expect-error a passphrase, or plain said aloud
  await new api.Keystore().create('name', key, {});
  // @ts-expect-error signing code is not in perdure/verify
  verifying.createSigner;
  // @ts-expect-error neither is the making of keys
  verifying.generateKey;
}
