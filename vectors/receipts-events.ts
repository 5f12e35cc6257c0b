import type { LogBuilder } from './build.ts';
import type { Case } from './case.ts';
import { u } from './edit.ts';
import { cl, classical } from './good-case.ts';
import { eventLog, eventOfEntrySize } from './tampered-event.ts';

/** Events at the edges of canonical JSON and of the schema. */
export function goodEvents(): Case[] {
  const json = '1: RFC 8785';
  const data = (value: string): string => `{"data":${value},"type":"custom"}`;
  const raw: [name: string, about: string, event: string, note?: string][] = [
    ['empty-object', '4: an event without type', '{}', 'SCHEMA_NOTE'],
    ['empty-containers', json, data('[{},[],"",{"":{}}]')],
    [
      'names-sorted-by-utf-16',
      '1: names ascend by UTF-16 code units',
      data(
        u('{"":0,"\\u0001":1,"10":2,"9":3,"A":4,"a":5,"a!":6,"aa":7,"\u00e9":8,"\u20ac":9,"\u{1f600}":10,"\uff61":11}'),
      ),
    ],
    ['names-shorter-first', '1: shorter first, the closing quote not compared', data('{"a":1,"a!":2,"aa":3}')],
    ['names-escaped-sort-decoded', '1: names sort decoded', data('{"\\b":1,"\\n":2,"\\"":3,"\\\\":4}')],
    [
      'name-proto',
      '1: __proto__ and the empty name are legal',
      data('{"":1,"__proto__":{"__proto__":null},"constructor":2}'),
    ],
    ['escapes', '1: escapes of RFC 8785', data('"\\u0000\\u0007\\b\\t\\n\\u000b\\f\\r\\u001f\\"\\\\/"')],
    [
      'raw-unicode',
      '1: DEL, U+2028, U+FEFF and noncharacters stand raw',
      data(u('"\x7f\u0080\u2028\u2029\ufeff\ufffe\uffff\u{1f600}\u{10ffff}"')),
    ],
    ['utf8-boundaries', '1: strict UTF-8', data(u('"\u07ff\u0800\ud7ff\ue000\u{10000}"'))],
    [
      'numbers',
      '1: String(Number(t)) === t',
      data('[0,1,-1,0.1,-0.5,1e+21,1.5e+300,100000000000000000000,1e-7,0.000001,5e-324,1.7976931348623157e+308]'),
    ],
    [
      'numbers-around-safe',
      '1: safe integers and beyond',
      data('[9007199254740991,-9007199254740991,9007199254740992,999999999999999,1000000000000000]'),
    ],
    ['words', json, data('[true,false,null]')],
    ['looks-like-an-end', '1: the event ends where its object ends', data('"}],\\"hash\\":\\"},\\"id\\":\\""')],
    [
      'looks-like-an-entry',
      '1: the event ends where its object ends',
      '{"event":{"type":"custom"},"hash":"","id":"","log":"","prev":"","seq":1,"sigs":[],"time":"","v":1}',
      'SCHEMA_NOTE',
    ],
    ['depth-64', '1: depth at most 64', data('['.repeat(63) + ']'.repeat(63))],
    ['entry-65535', '1: an entry is at most 65,535 bytes', eventOfEntrySize(65_535)],
    ['unknown-type', '4: other types are bytes to verification', '{"to":1,"type":"teleport"}', 'UNKNOWN_TYPE'],
    ['type-no-string', '4: schema breaches are notes', '{"type":["genesis"]}', 'SCHEMA_NOTE'],
    ['type-empty', '4: unknown types are notes', '{"type":""}', 'UNKNOWN_TYPE'],
    ['type-nested', '4: type is a member of the event itself', '{"data":{"type":"genesis"},"type":"custom"}'],
    ['schema-breach', '4: schema breaches are notes', '{"agent":7,"type":"tool_call"}', 'SCHEMA_NOTE'],
    [
      'schema-two-params',
      '4: exactly one of params, params_commit, params_encrypted',
      `{"action":{"params":1,"params_commit":"${'ab'.repeat(32)}"},"type":"tool_call"}`,
      'SCHEMA_NOTE',
    ],
    ['every-member', 'design 3: an event with every member', everyMember()],
  ];
  return [
    ...raw.map(([name, about, event, note]) =>
      classical(`event-${name}`, about, eventLog(event), '1-3', note === undefined ? {} : { notes: { 2: note } }),
    ),
    classical('types', '4: the types of format 1', types(), '1-16'),
  ];
}

function types(): LogBuilder {
  const log = cl();
  const list =
    'tool_call tool_blocked decision outcome agreement dispute approval llm_request policy_evaluation policy_violation policy_change tools_change agent_invocation anomaly custom';
  for (const type of list.split(' ')) log.add({ type });
  return log;
}

/** All that the event schema names, in canonical form by hand. */
function everyMember(): string {
  const hash = 'ab'.repeat(32);
  return [
    `{"action":{"params_commit":"${hash}","resource":"file:/etc/hosts","target":"disk","tool":"fs.read"}`,
    '"agent":"did:key:z6Mk"',
    '"authorization":{"allowed":true,"role":"reader"}',
    '"data":{"anything":[1,2,3]}',
    `"decision":"${hash}"`,
    '"delegate":"sub-agent"',
    '"duration_ms":12.5',
    '"effect":"allow"',
    '"invocation":"i-1"',
    '"model":"model-1"',
    '"nonce":"0b9f7d4e-6f0e-4b58-9d3f-1f4f3c2b1a00"',
    '"of":3',
    `"outcome":{"classification":"public","reason":"","result_commit":"${hash}","rows":0,"status":"executed"}`,
    '"parent":"p-1"',
    `"policy":{"code":"P1","decision":"allow","policy_hash":"${hash}","rule":"r1"}`,
    `"prompt_commit":"${hash}"`,
    '"redacted":1',
    '"request":{"signed":true}',
    '"requested_at":"2026-11-20T20:34:00.000Z"',
    '"sequence":"q"',
    '"session":"s"',
    '"step":1',
    '"target_did":"did:web:example.com"',
    '"tenant":"t"',
    '"tokens_in":10',
    '"tokens_out":20',
    '"tool_calls":[{"id":"c1","tool":"fs.read"},{"tool":"fs.write"}]',
    '"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"',
    '"type":"tool_call"}',
  ].join(',');
}
