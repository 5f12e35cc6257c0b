import { type ArgumentTest, argumentTest } from './arguments.ts';
import { anyGlob, type NameTest } from './glob.ts';
import type { RuleDocument } from './policy-schema.ts';
import type { PolicyQuestion } from './port.ts';
import { timesTest } from './times.ts';

/** Whether a rule speaks of a call, and if not, which of its conditions says so. */
export type RuleMatch = { readonly matches: true } | { readonly matches: false; readonly because: string };

const MATCHES: RuleMatch = { matches: true };

/** A rule, ready to be asked. */
export class Rule {
  readonly id: string;
  readonly effect: RuleDocument['effect'];
  readonly approval: readonly string[];
  readonly rate: RuleDocument['rate'];
  readonly #tools: NameTest | null;
  readonly #except: NameTest | null;
  readonly #agents: NameTest | null;
  readonly #roles: NameTest | null;
  readonly #tenants: NameTest | null;
  readonly #labelsAny: NameTest | null;
  readonly #labelsOnly: NameTest | null;
  readonly #args: readonly (readonly [pointer: string, test: ArgumentTest])[];
  readonly #times: ((nowMs: number) => boolean) | null;

  constructor(rule: RuleDocument) {
    this.id = rule.id;
    this.effect = rule.effect;
    this.approval = rule.require_approval ?? [];
    this.rate = rule.rate;
    this.#tools = anyGlob(rule.tools);
    this.#except = anyGlob(rule.tools_except);
    this.#agents = anyGlob(rule.agents);
    this.#roles = anyGlob(rule.roles);
    this.#tenants = anyGlob(rule.tenants);
    this.#labelsAny = anyGlob(rule.labels_any);
    this.#labelsOnly = anyGlob(rule.labels_only);
    this.#args = Object.entries(rule.args ?? {}).map(([pointer, one]) => [pointer, argumentTest(pointer, one)]);
    this.#times = rule.times === undefined ? null : timesTest(rule.times);
  }

  /** Whether the rule allows; what it cannot see then counts against the call, and the other way round where it refuses. */
  get allows(): boolean {
    return this.effect === 'allow' || this.effect === 'audit';
  }

  /** @returns whether it speaks of a tool at all: asked once a tool, since most rules do not. */
  isAbout(tool: string): boolean {
    return (this.#tools?.(tool) ?? true) && !(this.#except?.(tool) ?? false);
  }

  /** @returns whether it speaks of who calls. */
  isOf({ agent, role, tenant }: Pick<PolicyQuestion, 'agent' | 'role' | 'tenant'>): string | null {
    if (this.#agents !== null && !this.#agents(agent)) return 'agents';
    if (this.#roles !== null && !named(this.#roles, role, this.allows)) return 'roles';
    if (this.#tenants !== null && !named(this.#tenants, tenant, this.allows)) return 'tenants';
    return null;
  }

  /** @returns whether it speaks of a call of a tool that it is about. */
  match(question: PolicyQuestion): RuleMatch {
    const other = this.isOf(question);
    if (other !== null) return { matches: false, because: other };
    const { labels, params, nowMs } = question;
    if (this.#labelsAny !== null && !labels.some(this.#labelsAny)) return { matches: false, because: 'labels_any' };
    if (this.#labelsOnly !== null && !labels.every(this.#labelsOnly)) return { matches: false, because: 'labels_only' };
    if (this.#times !== null && !this.#times(nowMs)) return { matches: false, because: 'times' };
    for (const [pointer, test] of this.#args) {
      const { all, any } = test(params);
      const holds = this.allows ? all === true : any !== false;
      if (!holds) return { matches: false, because: `args ${pointer}` };
    }
    return MATCHES;
  }
}

/** Of a call that names no role or tenant a rule that refuses speaks, one that allows does not. */
function named(test: NameTest, name: string | null, allows: boolean): boolean {
  return name === null ? !allows : test(name);
}
