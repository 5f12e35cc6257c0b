import { sha256Hex } from '../crypto/hash.ts';
import { type PublicKey, parseJwk } from '../crypto/public-key.ts';
import { canonicalBytes } from '../receipt/canonical.ts';
import type { PolicyCall, PolicyCase, PolicyDocument, RuleDocument } from './policy-schema.ts';
import { readPolicyDocument } from './policy-yaml.ts';
import type { Policy, PolicyAnswer, PolicyEffect, PolicyQuestion, RateWindow } from './port.ts';
import { Rule } from './rules.ts';

/** Which effect wins where several rules speak of a call: the strictest, so that no rule can open what another one closes. */
const STRICTEST: readonly PolicyEffect[] = ['halt', 'deny', 'quarantine', 'audit', 'allow'];

/** Tools whose rules are kept at hand; a caller that invents more only makes it slower. */
const MOST_TOOLS = 4_096;

/** A call that no policy names on purpose: `default` and rules for all tools decide it. */
const PROBE = { agent: 'perdure-probe', tool: 'perdure.probe' };

/** Why a rule did or did not decide, for people. */
export interface RuleExplanation {
  readonly rule: string;
  readonly effect: PolicyEffect;
  readonly matches: boolean;
  /** The condition that says no; null where all hold. */
  readonly because: string | null;
}

/** How a case of the policy's own came out. */
export interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: string;
  readonly found: string;
}

/**
 * Read a policy. Of all rules that speak of a call the strictest decides: halt, then deny, quarantine, audit, allow; where none speaks,
 * `default` does. A condition that cannot be judged (an argument that is missing, of another kind, or known only as a commitment) keeps
 * a rule that allows from speaking, and does not keep one that refuses.
 * @param text YAML or JSON. @param name of the file, for messages.
 * @throws ReceiptError POLICY_MALFORMED that lists every breach with line and column.
 */
export function readPolicy(text: string, name = 'policy'): RulePolicy {
  return new RulePolicy(readPolicyDocument(text, name));
}

/** A policy of rules. */
export class RulePolicy implements Policy {
  readonly hash: string;
  readonly haltAfter: number | null;
  readonly longestWindowMs: number;
  readonly approvers: ReadonlyMap<string, PublicKey>;
  readonly rules: readonly Rule[];
  readonly #default: PolicyAnswer;
  readonly #cases: readonly PolicyCase[];
  readonly #probes: readonly PolicyCall[];
  readonly #byTool = new Map<string, readonly Rule[]>();

  constructor({ tests = [], ...document }: PolicyDocument) {
    // Its cases do not change what it answers, so that they are no part of what is hashed.
    this.hash = sha256Hex(canonicalBytes(document));
    this.haltAfter = document.halt_after ?? null;
    this.rules = document.rules.map((rule) => new Rule(rule));
    this.longestWindowMs = Math.max(0, ...document.rules.map(({ rate }) => (rate?.seconds ?? 0) * 1000));
    this.approvers = new Map(Object.entries(document.approvers ?? {}).map(([name, jwk]) => [name, parseJwk(jwk)]));
    this.#default = { effect: document.default, rule: 'default', reason: `no rule speaks of it: ${document.default}` };
    this.#cases = tests;
    this.#probes = document.rules.flatMap(probesOf);
  }

  decide(question: PolicyQuestion): PolicyAnswer {
    let decided: PolicyAnswer | null = null;
    for (const rule of this.#about(question.tool)) {
      if (!rule.match(question).matches) continue;
      const answer = answerOf(rule, question);
      if (decided === null || isStricter(answer.effect, decided.effect)) decided = answer;
      if (answer.effect === 'halt') break;
    }
    return decided ?? this.#default;
  }

  windows({ agent, tool, role, tenant }: Pick<PolicyQuestion, 'agent' | 'tool' | 'role' | 'tenant'>): RateWindow[] {
    const windows: RateWindow[] = [];
    for (const rule of this.#about(tool)) {
      const { rate, id } = rule;
      if (rate === undefined || rule.isOf({ agent, role, tenant }) !== null) continue;
      const by = { agent: [agent], tool: [tool], 'agent+tool': [agent, tool], all: [] }[rate.by];
      windows.push({ key: JSON.stringify([id, ...by]), rule: id, max: rate.max, windowMs: rate.seconds * 1000 });
    }
    return windows;
  }

  forbidden(): Pick<PolicyQuestion, 'agent' | 'tool'> | null {
    const calls = [PROBE, ...this.#probes, ...this.#cases.map(({ call }) => call)];
    return calls.map(questionOf).find((question) => isRefusal(this.decide(question).effect)) ?? null;
  }

  /** Ask what decides a call, and why each rule does or does not speak of it. */
  explain(call: PolicyCall): { readonly answer: PolicyAnswer; readonly rules: readonly RuleExplanation[] } {
    const question = questionOf(call);
    const rules = this.rules.map((rule): RuleExplanation => {
      const { id, effect } = rule;
      if (!rule.isAbout(call.tool)) return { rule: id, effect, matches: false, because: 'tools' };
      const match = rule.match(question);
      return { rule: id, effect, matches: match.matches, because: match.matches ? null : match.because };
    });
    return { answer: this.decide(question), rules };
  }

  /** Run the cases that the policy brings along. */
  test(): readonly CaseResult[] {
    return this.#cases.map(({ name, call, expect, rule }) => {
      const answer = this.decide(questionOf(call));
      const expected = rule === undefined ? expect : `${expect} by ${rule}`;
      const found = rule === undefined ? answer.effect : `${answer.effect} by ${answer.rule}`;
      return { name, passed: expected === found, expected, found };
    });
  }

  /** Rules that speak of a tool, in their order. */
  #about(tool: string): readonly Rule[] {
    let rules = this.#byTool.get(tool);
    if (rules === undefined) {
      rules = this.rules.filter((rule) => rule.isAbout(tool));
      if (this.#byTool.size >= MOST_TOOLS) this.#byTool.clear();
      this.#byTool.set(tool, rules);
    }
    return rules;
  }
}

/** @returns calls that a rule names, a letter in the place of what it leaves open. */
function probesOf({ tools = [], tools_except: except = [], agents = [PROBE.agent] }: RuleDocument): PolicyCall[] {
  const literal = (glob: string): string => glob.replaceAll('*', 'x').replaceAll('?', 'x');
  const agent = literal(agents[0]!);
  return [...tools, ...except].map((tool) => ({ agent, tool: literal(tool) }));
}

function answerOf(rule: Rule, { isApprovedBy }: PolicyQuestion): PolicyAnswer {
  const { id, effect, approval } = rule;
  if (approval.length > 0 && !approval.some(isApprovedBy)) {
    return { effect: 'deny', rule: id, reason: `rule ${id} asks for a signed approval by ${approval.join(' or ')}` };
  }
  return { effect, rule: id, reason: `rule ${id}: ${effect}` };
}

function isStricter(a: PolicyEffect, b: PolicyEffect): boolean {
  return STRICTEST.indexOf(a) < STRICTEST.indexOf(b);
}

function isRefusal(effect: PolicyEffect): boolean {
  return effect !== 'allow' && effect !== 'audit';
}

/** @returns the question that a call of a case or of `policy explain` asks. */
function questionOf({
  agent,
  tool,
  role,
  tenant,
  labels,
  params,
  at,
  approved_by: approvers = [],
}: PolicyCall): PolicyQuestion {
  return {
    agent,
    tool,
    role: role ?? null,
    tenant: tenant ?? null,
    session: null,
    sequence: null,
    target: null,
    resource: null,
    params,
    labels: labels ?? [],
    nowMs: at === undefined ? Date.now() : Date.parse(at),
    isApprovedBy: (name) => approvers.includes(name),
  };
}
