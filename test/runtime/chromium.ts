import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { findChromium, launch, openTab, type Served, serveFolder, type Tab } from '../../bench/browser.ts';
import type { AuditOptions, Verdict } from '../../src/auditor.ts';
import { toJwk } from '../../src/crypto/public-key.ts';
import type { CheckpointNote } from '../../src/verify/checkpoints.ts';
import { type KitCase, optionsOf } from '../tamper/kit.ts';
import { type Bundled, bundlePage } from './bundle.ts';

/** Nothing but the page's own scripts, and no connection at all: the strictest policy under which WebAssembly may run. */
export const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

/** The browser of these tests. Continuous integration must have one; elsewhere tests that need it are skipped, and say so. */
export const CHROMIUM: string | null = findChromium();
export const SKIP: boolean = CHROMIUM === null && !process.env.CI;
export const IN_CHROMIUM: string = SKIP
  ? 'in Chromium: SKIPPED, there is none here (install it, or name one in PERDURE_CHROMIUM)'
  : 'in Chromium';

/** Keys as a page takes them: by JWK, or by kid alone. */
export interface PageKey {
  readonly jwk?: object;
  readonly kid?: string;
  readonly name?: string | undefined;
}

/** What does not cross to a page as it is: functions, and bytes. */
type NotPlain = 'keys' | 'trust' | 'signal' | 'onProgress' | 'spool' | 'checkpoints' | 'logCheckpoints' | 'resume';

/** A checkpoint, its note in base64. */
interface PageNote {
  readonly name: string;
  readonly note: string;
}

type PageOptions = Omit<AuditOptions, NotPlain | 'witnessPolicy'> & {
  readonly keys: readonly PageKey[];
  readonly checkpoints?: readonly PageNote[] | undefined;
  readonly logCheckpoints?: readonly PageNote[] | undefined;
  readonly resume?: PageNote | undefined;
};

/** What test/runtime/page/page.js offers. */
interface PageApi {
  prepare(options?: object): Promise<number>;
  bytes(text: string, options: PageOptions & { readonly blob?: boolean }): Promise<Verdict>;
  file(options: PageOptions): Promise<FileRun>;
  failure(text: string, options: PageOptions): Promise<{ readonly code?: string; readonly message: string } | null>;
}

/** A verification of a file, and how the thread of the page fared: the longest time it could do nothing else, in milliseconds. */
export interface FileRun {
  readonly verdict: Verdict;
  readonly ms: number;
  readonly thread: { readonly longest: number; readonly ticks: number };
}

/** The built page, served under one policy, and a browser to open it in. */
export class Stage {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'perdure-chromium-'));
  private readonly bundled: Bundled;
  private readonly served: Served;
  readonly browser: Browser;

  private constructor(bundled: Bundled, served: Served, browser: Browser) {
    this.bundled = bundled;
    this.served = served;
    this.browser = browser;
  }

  static async open(policy: string = STRICT): Promise<Stage> {
    if (CHROMIUM === null)
      throw new Error('expected Chromium, found none: install it, or name one in PERDURE_CHROMIUM');
    const bundled = await bundlePage({ withReadme: true });
    return new Stage(
      bundled,
      await serveFolder(bundled.folder, { 'content-security-policy': policy }),
      await launch(CHROMIUM),
    );
  }

  /** Open the page, with the network on. @param before runs in it first. */
  async tab(before?: () => void): Promise<VerifyTab> {
    const tab = await openTab(this.browser, this.served.url, before);
    await tab.page.waitForSelector('body[data-ready]');
    return new VerifyTab(tab);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.served.close();
    this.bundled.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The page of one tab, called from outside. */
export class VerifyTab {
  readonly tab: Tab;

  constructor(tab: Tab) {
    this.tab = tab;
  }

  prepare(options: object = {}): Promise<number> {
    return this.call('prepare', [options]);
  }
  bytes(bytes: Uint8Array, options: PageOptions & { readonly blob?: boolean }): Promise<Verdict> {
    return this.call('bytes', [base64(bytes), options]);
  }
  failure(bytes: Uint8Array, options: PageOptions): ReturnType<PageApi['failure']> {
    return this.call('failure', [base64(bytes), options]);
  }
  async readme(path: string, jwk: object): Promise<string> {
    await this.tab.page.setInputFiles('input', path);
    return this.call('readme', [jwk]);
  }
  async file(path: string, options: PageOptions): Promise<FileRun> {
    await this.tab.page.setInputFiles('input', path);
    return this.call('file', [options]);
  }

  private call<T>(name: string, args: readonly unknown[]): Promise<T> {
    return this.tab.page.evaluate(
      ([method, list]) => {
        const api = (globalThis as unknown as { perdure: Record<string, (...args: unknown[]) => unknown> }).perdure;
        return api[method as string]!(...(list as unknown[]));
      },
      [name, args] as const,
    ) as Promise<T>;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** @returns the options of a case of the kit as a page takes them: checkpoints cross in base64. */
export function pageOptions(one: KitCase): PageOptions {
  const { expect, notBefore, notAfter, allowUnsignedTail, allowClassical, ...given } = optionsOf(one);
  const { trust, checkpoints, logCheckpoints, resume } = given;
  const crossing = ({ name, note }: CheckpointNote) => ({ name, note: base64(note) });
  return {
    expect,
    notBefore,
    notAfter,
    allowUnsignedTail,
    allowClassical,
    keys: trust.keys.map(({ kid, key, name }) => ({
      ...(key === null ? { kid } : { jwk: toJwk(key) }),
      name: name ?? undefined,
    })),
    checkpoints: checkpoints?.map(crossing),
    logCheckpoints: logCheckpoints?.map(crossing),
    resume: resume && crossing(resume),
  };
}
