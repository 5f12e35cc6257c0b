import { utf8 } from '../src/base/bytes.ts';
import { type Case, FOLDERS, type Folder, indexEntry, keyTable } from './case.ts';
import { checkpointCases } from './checkpoints.ts';
import { readings } from './readings.ts';
import { goodLogs } from './receipts.ts';
import { goodEvents } from './receipts-events.ts';
import { goodLines } from './receipts-lines.ts';
import { recordedCases } from './recorded.ts';
import { tamperedBeginnings } from './tampered-beginning.ts';
import { tamperedChains } from './tampered-chain.ts';
import { tamperedControls } from './tampered-control.ts';
import { tamperedEvents } from './tampered-event.ts';
import { tamperedKeys } from './tampered-keys.ts';
import { tamperedLines } from './tampered-line.ts';
import { tamperedRequirements } from './tampered-requirement.ts';
import { tamperedSignatures } from './tampered-signatures.ts';
import { tamperedTails } from './tampered-tail.ts';
import { openSigners } from './unverifiable.ts';
import { openTails } from './unverifiable-tails.ts';

/** All cases, by folder. */
export async function kitCases(): Promise<Record<Folder, Case[]>> {
  const read = readings();
  const checkpoints = checkpointCases();
  return {
    receipts: [
      ...goodLogs(),
      ...goodEvents(),
      ...goodLines(),
      ...(await recordedCases()),
      ...checkpoints.receipts,
      ...read.receipts,
    ],
    tampered: [
      ...tamperedEvents(),
      ...tamperedLines(),
      ...tamperedChains(),
      ...tamperedBeginnings(),
      ...tamperedControls(),
      ...tamperedSignatures(),
      ...tamperedRequirements(),
      ...tamperedKeys(),
      ...tamperedTails(),
      ...checkpoints.tampered,
      ...read.tampered,
    ],
    unverifiable: [...openSigners(), ...openTails(), ...checkpoints.unverifiable, ...read.unverifiable],
  };
}

/**
 * Make the conformance kit: the same bytes in every run.
 * @returns contents by path below vectors/. @throws Error when a case expects another verdict than its folder, or a name recurs.
 */
export async function kitFiles(): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [folder, cases] of Object.entries(await kitCases()) as [Folder, Case[]][]) {
    const bytesOf = (one: Case): Uint8Array =>
      typeof one.bytes === 'string' ? bytesOf(cases.find(({ name }) => name === one.bytes)!) : one.bytes;
    const fileOf = (one: Case): string => `${typeof one.bytes === 'string' ? one.bytes : one.name}.jsonl`;
    for (const one of cases) if (typeof one.bytes !== 'string') put(files, `${folder}/${one.name}.jsonl`, one.bytes);
    for (const { checkpoints = {} } of cases) {
      for (const [name, note] of Object.entries(checkpoints)) files.set(`${folder}/${name}`, note);
    }
    const entries = cases.map((one) => indexEntry(one, bytesOf(one), fileOf(one)));
    const strays = entries.filter(({ expected }) => (expected as { verdict: string }).verdict !== FOLDERS[folder]);
    if (strays.length > 0)
      throw new Error(`kit: ${strays.map(({ name }) => name)} expect another verdict than ${folder}`);
    if (new Set(cases.map(({ name }) => name)).size !== cases.length)
      throw new Error(`kit: a name recurs in ${folder}`);
    put(files, `${folder}/index.json`, utf8(writeIndex(entries)));
  }
  return files;
}

function put(files: Map<string, Uint8Array>, path: string, bytes: Uint8Array): void {
  if (files.has(path)) throw new Error(`kit: ${path} twice`);
  files.set(path, bytes);
}

/** One case a line, so that a change of one shows as one. */
function writeIndex(entries: readonly object[]): string {
  const keys = JSON.stringify(keyTable(), null, 2).replaceAll('\n', '\n  ');
  const cases = entries.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n');
  return `{\n  "schema": "perdure/vectors/v1",\n  "keys": ${keys},\n  "cases": [\n${cases}\n  ]\n}\n`;
}
