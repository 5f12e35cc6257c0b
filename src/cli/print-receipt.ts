import pc from 'picocolors';
import { shellWord } from '../base/shell-word.ts';
import type { StoredReceipt } from '../log/log.ts';
import type { PayloadForm, PayloadMember } from '../receipt/commitment.ts';
import type { Json, JsonObject } from '../receipt/json.ts';
import { factsOf } from './line-facts.ts';
import { jsonText, printable } from './printable.ts';

const LABEL = 10;
/** A longer run of base64url, as a public key is, is told by its length. */
const LONG = /^[A-Za-z0-9_-]{257,}$/;

/** What became of a payload that the entry commits to. */
export interface PayloadReport {
  readonly member: PayloadMember;
  readonly commitment: string;
  readonly status: 'matches' | 'mismatch' | 'missing' | 'erased';
  readonly form: PayloadForm | null;
  /** JSON, text, or base64url of bytes; null unless it matches. */
  readonly value: Json;
}

/** Print one receipt for people. @param payloads null when they were not asked for. @param path as typed, for the hint. */
export function receiptText(
  { receipt, segment, segmentOffset }: StoredReceipt,
  payloads: readonly PayloadReport[] | null,
  path: string,
  color: boolean,
): string {
  const c = pc.createColors(color);
  const { entry, hash, sigs } = receipt;
  const { tool, agent } = factsOf(receipt);
  const label = (name: string): string => `  ${c.dim(name.padEnd(LABEL))}`;
  const type = typeof entry.event.type === 'string' ? printable(entry.event.type) : 'event without a type';
  const head = [
    `seq ${entry.seq}`,
    entry.time,
    type,
    ...(tool === undefined ? [] : [`tool ${printable(tool)}`]),
    ...(agent === undefined ? [] : [`agent ${printable(agent)}`]),
  ];
  const signatures = sigs.map(({ alg, kid }) => `${alg} ${kid}`);
  return `${[
    c.bold(head.join(' · ')),
    `${label('log')}${entry.log}`,
    `${label('id')}${entry.id}`,
    `${label('hash')}${hash}`,
    `${label('prev')}${entry.prev}`,
    ...(signatures.length === 0 ? ['none'] : signatures).map((one, i) => `${label(i === 0 ? 'signed' : '')}${one}`),
    `${label('stored')}${printable(segment)} byte ${segmentOffset}`,
    `${label('event')}${indented(jsonText(shortened(entry.event), 2))}`,
    ...(payloads === null ? [] : payloadLines(payloads, label, c)),
    `${label('unchecked')}signatures, hashes, chain: perdure verify ${printable(shellWord(path))}`,
  ].join('\n')}\n`;
}

function payloadLines(
  payloads: readonly PayloadReport[],
  label: (name: string) => string,
  c: ReturnType<typeof pc.createColors>,
): string[] {
  if (payloads.length === 0) return [`${label('payload')}this entry commits to none`];
  return payloads.flatMap(({ member, commitment, status, form, value }) => {
    const short = `${commitment.slice(0, 4)}…${commitment.slice(-4)}`;
    switch (status) {
      case 'matches':
        return [
          `${label(member)}${c.green('matches')} its commitment ${short} (${member}/${form})`,
          `${label('')}${indented(shown(form, value))}`,
        ];
      case 'mismatch':
        return [`${label(member)}${c.red('MISMATCH')}: what is kept is not what ${short} committed to`];
      case 'erased':
        return [`${label(member)}erased: a later entry says by whom and why`];
      default:
        return [`${label(member)}${c.yellow('not here')}: ${short} was committed to, but nothing is kept under it`];
    }
  });
}

function shown(form: PayloadReport['form'], value: Json): string {
  if (form === 'json') return jsonText(value, 2);
  const text = String(value);
  return form === 'text' ? text.split('\n').map(printable).join('\n') : `${text} (base64url)`;
}

/** Put further lines under the first. */
function indented(text: string): string {
  return text.replaceAll('\n', `\n${' '.repeat(2 + LABEL)}`);
}

/** Tell long keys by their ends and lengths: whoever wants them whole takes --json. */
function shortened(value: JsonObject): unknown {
  return JSON.parse(JSON.stringify(value), (_name, one: unknown) =>
    typeof one === 'string' && LONG.test(one) ? `${one.slice(0, 8)}…${one.slice(-8)} (${one.length} characters)` : one,
  );
}
