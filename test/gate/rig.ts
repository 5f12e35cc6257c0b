import { randomUUID } from 'node:crypto';
import { verify } from '../../src/auditor.ts';
import type { Disk } from '../../src/base/ports.ts';
import { chooseVerifier } from '../../src/crypto/engines.ts';
import { keyFromSeed, type SecretKey } from '../../src/crypto/keys.ts';
import type { Signer } from '../../src/crypto/signer.ts';
import { createSigner } from '../../src/crypto/signers.ts';
import { type GateOptions, type GateRequest, type LogGate, openGate } from '../../src/gate/index.ts';
import { createLogOn, openLogOn } from '../../src/log/lifecycle.ts';
import type { Log } from '../../src/log/log.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import { tablePolicy } from './table-policy.ts';

/** A secret key from one byte. */
export const secretKey = (byte: number): SecretKey => keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(byte));
export const signerOf = (byte: number): Promise<Signer> => createSigner(secretKey(byte));

/** A clock that tests move. */
export class SetClock {
  ms = Date.parse('2026-11-30T12:00:00.000Z');
  nowMs(): number {
    return this.ms;
  }
}

/** A log in memory with a gate on it, which can be opened again as after a crash. */
export class Rig {
  readonly clock = new SetClock();
  readonly disk: Disk = memoryDisk();
  readonly options: Partial<GateOptions>;
  readonly mode: 'each' | 'batch';
  log!: Log;
  gate!: LogGate;
  signer!: Signer;

  private constructor(mode: 'each' | 'batch', options: Partial<GateOptions>) {
    this.mode = mode;
    this.options = options;
  }

  static async start(options: Partial<GateOptions> = {}, mode: 'each' | 'batch' = 'each'): Promise<Rig> {
    const rig = new Rig(mode, options);
    rig.signer = await signerOf(1);
    const { clock, disk, signer } = rig;
    rig.log = await createLogOn(disk, {
      origin: 'example.com/gate',
      mode,
      signer,
      clock,
      verifier: await chooseVerifier(),
    });
    await rig.open();
    return rig;
  }

  /** Open the gate of the open log. */
  async open(): Promise<void> {
    const { log, clock, signer } = this;
    const policy = tablePolicy({ read: 'allow', write: 'allow', watch: 'audit', trap: 'halt', odd: 'quarantine' });
    this.gate = await openGate({ log, keys: [signer.publicKey], policy, clock, ...this.options });
  }

  /** Leave the gate as it stands, and open log and gate again as another process would. */
  async restart(options: Partial<GateOptions> = {}): Promise<void> {
    await this.log.close();
    const { disk, signer, clock } = this;
    this.log = await openLogOn(disk, { signer, clock, verifier: await chooseVerifier() });
    Object.assign(this.options, options);
    await this.open();
  }

  request(tool = 'read', more: Partial<GateRequest> = {}): GateRequest {
    return {
      log: this.log.origin,
      nonce: randomUUID(),
      requested_at: new Date(this.clock.ms).toISOString(),
      agent: 'build-bot',
      action: { tool, params: { path: '/srv/x' } },
      ...more,
    };
  }

  /** Codes of decisions, in order. */
  async ask(...requests: (GateRequest | string)[]): Promise<string[]> {
    const codes: string[] = [];
    for (const request of requests) {
      const { decision, code, repeated } = await this.gate.decide(request);
      codes.push(`${decision} ${code}${repeated ? ' again' : ''}`);
    }
    return codes;
  }

  async events(): Promise<JsonObject[]> {
    const events: JsonObject[] = [];
    for await (const { receipt } of this.log.receipts()) events.push(receipt.entry.event);
    return events;
  }

  async verdict(): Promise<string> {
    if (this.log.mode === 'batch') await this.log.checkpoint();
    const { verdict, problems } = await verify(this.log, { keys: [this.signer.publicKey] });
    return [verdict, ...problems.map(({ code }) => code)].join(' ');
  }
}
