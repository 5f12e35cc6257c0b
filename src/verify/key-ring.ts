import { MAX_KEYS } from '../base/limits.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Requirement } from '../receipt/control.ts';
import type { Code } from './codes.ts';
import type { Profile, SignatureFact } from './summary.ts';
import type { TrustProvider } from './trust.ts';
import type { KeyReport } from './verdict.ts';

/** How well something is vouched for: by ML-DSA all the way from outside, only by way of a classical key, or not at all. */
export type Level = 'pq' | 'classical' | null;

/** A key that genesis or a rotation named. */
interface ChainKey {
  readonly alg: string;
  /** As trusted as the entry that names it. */
  level: Level;
  /** The seq of the rotation that retired it; null while it is in force. */
  retiredAt: number | null;
}

/** What the signatures of one line come to. */
export interface SignatureView {
  readonly good: readonly { readonly kid: string; readonly alg: string }[];
  /** Known keys whose signature does not verify. */
  readonly bad: readonly string[];
  readonly retired: readonly { readonly kid: string; readonly seq: number }[];
  /** Good signatures by keys that outside knowledge refuses for this use. */
  readonly refused: readonly { readonly kid: string; readonly problem: Code }[];
  /** Signatures by keys that nobody named. */
  readonly unknown: number;
  /** Signatures that must be there; null when none must be, because a checkpoint may cover the line. */
  readonly demanded: number | null;
  /** Required keys without any signature. */
  readonly missing: readonly string[];
  /** Everything demanded is there and good. */
  readonly complete: boolean;
  /** And something was demanded by name: the line is signed, whoever is trusted. */
  readonly signed: boolean;
  readonly level: Level;
}

/** What is demanded of a checkpoint, and who is trusted, at one size of a log. */
export interface Standing {
  /** Null without a requirement from the chain. */
  readonly requirement: Requirement | null;
  /** Trust of the keys that the chain names; of those in force. */
  readonly levels: ReadonlyMap<string, Level>;
  /** Keys that are retired there. */
  readonly retired: ReadonlySet<string>;
  /** How many rotations from keys that nobody trusts came before: trust does not reach back across one. */
  readonly generation: number;
}

/** What must be signed by whom, and who is trusted, at one position of a log (format sections 3 and 5). */
export class KeyRing {
  private readonly trust: TrustProvider;
  private readonly found: ReadonlyMap<string, PublicKey>;
  private readonly chain = new Map<string, ChainKey>();
  /** Lines with a good signature, by kid. */
  private readonly receipts = new Map<string, number>();
  private requirement: Requirement | null = null;
  /** See Standing. */
  generation = 0;

  /** @param found keys that the evidence names, by kid: where the JWK of a pinned kid may come from. */
  constructor(trust: TrustProvider, found: ReadonlyMap<string, PublicKey>) {
    this.trust = trust;
    this.found = found;
  }

  /** The mode in force, null without a requirement from the chain. */
  get mode(): Requirement['mode'] | null {
    return this.requirement?.mode ?? null;
  }

  /** What the genesis on line 1 demands rules from itself on; its keys are known, and trusted only once it is accepted. */
  begin(requirement: Requirement): void {
    this.requirement = requirement;
    for (const key of requirement.keys) this.chain.set(key.kid, { alg: key.alg, level: null, retiredAt: null });
  }

  /** An entry that names keys was vouched for: its keys are exactly as trusted as it is. */
  accept(requirement: Requirement, level: Level): void {
    for (const { kid } of requirement.keys) {
      const key = this.chain.get(kid)!;
      if (key.level !== 'pq') key.level = level ?? key.level;
    }
  }

  /** Put a rotation into force, if it is signed by all who must. @param seq of the rotation. */
  rotate(
    next: Requirement,
    complete: boolean,
    level: Level,
    seq: number,
  ): 'in force' | 'not in force' | 'lowered' | 'too many keys' {
    const before = this.requirement;
    const union = new Set([...(before?.keys ?? []), ...next.keys].map((key) => key.kid));
    if (union.size > MAX_KEYS) return 'too many keys';
    if (!complete) return 'not in force';
    for (const { kid } of before?.keys ?? []) this.chain.get(kid)!.retiredAt = seq;
    for (const { kid, alg } of next.keys) {
      const known = this.chain.get(kid);
      if (known === undefined) this.chain.set(kid, { alg, level: null, retiredAt: null });
      else known.retiredAt = null;
    }
    if (before !== null && !before.keys.some(({ kid }) => this.isTrusted(kid))) this.generation++;
    this.requirement = next;
    this.accept(next, level);
    if (before === null) return 'in force';
    const drops = before.suite.some((alg) => !next.suite.includes(alg));
    return drops || (before.mode === 'each' && next.mode === 'batch') ? 'lowered' : 'in force';
  }

  /** @returns what a checkpoint made now is judged by. */
  standing(): Standing {
    const levels = new Map<string, Level>();
    const retired = new Set<string>();
    for (const [kid, { level, retiredAt }] of this.chain) {
      if (retiredAt === null) levels.set(kid, level);
      else retired.add(kid);
    }
    return { requirement: this.requirement, levels, retired, generation: this.generation };
  }

  /**
   * Judge the signatures of a line.
   * @param named what the line itself names when it is a genesis or rotation: those keys are known for its own signatures.
   * @param demanded whether those keys must have signed it too: they are all in force there, also those that were retired (section 5).
   * @param count lines that are alike.
   */
  judge(profile: Profile, named: Requirement | null, demanded: boolean, count: number): SignatureView {
    const own = new Set(named?.keys.map((key) => key.kid) ?? []);
    const good: SignatureFact[] = [];
    const bad: string[] = [];
    const retired: { kid: string; seq: number }[] = [];
    const refused: { kid: string; problem: Code }[] = [];
    let { unnamed: unknown } = profile;
    for (const fact of profile.signatures) {
      const { kid } = fact;
      const chain = this.chain.get(kid);
      if (fact.trust === null && chain === undefined && !own.has(kid)) unknown++;
      else if (!fact.good) bad.push(kid);
      else if (chain !== undefined && chain.retiredAt !== null && !(demanded && own.has(kid)))
        retired.push({ kid, seq: chain.retiredAt });
      else {
        good.push(fact);
        this.receipts.set(kid, (this.receipts.get(kid) ?? 0) + count);
        if (fact.trust?.problem) refused.push({ kid, problem: fact.trust.problem });
      }
    }
    const view = { good, bad, retired, refused, unknown, level: this.levelOf(good) };
    const present = new Set(profile.signatures.map((fact) => fact.kid));
    const goodKids = new Set(good.map((fact) => fact.kid));
    const brought = demanded ? own : [];
    if (this.requirement === null)
      return { ...view, ...this.outsideDemand(profile, new Set(brought), present, goodKids) };
    const required = new Set([...brought, ...this.requirement.keys.map((key) => key.kid)]);
    const complete = [...required].every((kid) => goodKids.has(kid));
    if (this.requirement.mode === 'batch' && !profile.individual) {
      return { ...view, demanded: complete ? 0 : null, missing: [], complete, signed: complete };
    }
    return {
      ...view,
      demanded: required.size,
      missing: [...required].filter((kid) => !present.has(kid)),
      complete,
      signed: complete,
    };
  }

  /** Without a requirement from the chain: a signature by an outside ML-DSA key, and by every key that a rotation brings. */
  private outsideDemand(
    profile: Profile,
    own: ReadonlySet<string>,
    present: ReadonlySet<string>,
    goodKids: ReadonlySet<string>,
  ): Pick<SignatureView, 'demanded' | 'missing' | 'complete' | 'signed'> {
    const missing = [...own].filter((kid) => !present.has(kid));
    const ownComplete = [...own].every((kid) => goodKids.has(kid));
    if (!this.hasOutsideKey())
      return { demanded: own.size, missing, complete: ownComplete, signed: own.size > 0 && ownComplete };
    const byOutside = profile.signatures.filter((fact) => fact.trust !== null && fact.alg === 'ML-DSA-65');
    if (byOutside.length === 0) missing.push('an ML-DSA-65 key given from outside');
    const complete = ownComplete && byOutside.some((fact) => goodKids.has(fact.kid));
    return { demanded: own.size + 1, missing, complete, signed: complete };
  }

  /** Whether outside knowledge or the chain vouches for a key that the chain names. */
  private isTrusted(kid: string): boolean {
    return this.chain.get(kid)!.level !== null || this.trust.keys.some((key) => key.kid === kid);
  }

  /** Whether any key is known from outside; a kid that is pinned but found nowhere is not. */
  private hasOutsideKey(): boolean {
    return this.trust.keys.some(({ kid, key }) => key !== null || this.found.has(kid));
  }

  private levelOf(good: readonly SignatureFact[]): Level {
    let level: Level = null;
    for (const { kid, alg, trust } of good) {
      const chain = this.chain.get(kid)?.level ?? null;
      const outside: Level = trust === null ? null : 'pq';
      const through = outside ?? chain;
      if (through === null) continue;
      if (through === 'pq' && alg === 'ML-DSA-65') return 'pq';
      level = 'classical';
    }
    return level;
  }

  /** Whether a key that the evidence names still matters: an entry that came into force names it, or somebody outside does. */
  knows(kid: string): boolean {
    return this.chain.has(kid) || this.trust.keys.some((key) => key.kid === kid);
  }

  /** @returns every key that outside knowledge or the chain names, ascending by kid. */
  report(): KeyReport[] {
    const outside = new Map(this.trust.keys.map((key) => [key.kid, key]));
    const kids = [...new Set([...outside.keys(), ...this.chain.keys()])].sort();
    return kids.map((kid) => {
      const chain = this.chain.get(kid);
      const given = outside.get(kid);
      return {
        kid,
        alg: chain?.alg ?? given?.key?.alg ?? this.found.get(kid)?.alg ?? null,
        name: given?.name ?? null,
        trusted_by: given?.by ?? (chain !== undefined && chain.level !== null ? 'chain' : null),
        through_seq: chain?.retiredAt ?? null,
        receipts: this.receipts.get(kid) ?? 0,
      };
    });
  }
}
