import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { utf8, utf8Text } from '../base/bytes.ts';
import { systemRandom } from '../base/ports.ts';
import type { EngineChoice } from '../crypto/engines.ts';
import { makePrivateFolder, privateFolder, readPrivateFile, replaceFile } from '../crypto/keystore-disk.ts';
import { hasSigningChoice, measureSigning, SIGNER_SHA256, type SigningSpeed } from '../crypto/signers.ts';
import { usage } from './error-report.ts';
import type { Env } from './io.ts';

/*
 * Which engine signs ML-DSA-65. An option says so, or the environment, or what `doctor` measured here and kept, or else a measurement
 * in this process. What is kept is a hint and no more: whatever the file holds, it picks one of two engines that were both tried, and
 * a file that cannot be used is as good as none.
 */

/** Overrides what was measured; an option overrides it. */
export const ENGINE_VARIABLE = 'PERDURE_SIGN_ENGINE';
export const ENGINES: readonly EngineChoice[] = ['auto', 'native', 'wasm', 'noble'];

const SCHEMA = 'perdure/signer/v1';
const MAX_BYTES = 1024;

/** What doctor keeps. A difference in anything but the last four members makes it worthless. */
interface Kept {
  readonly schema: typeof SCHEMA;
  readonly node: string;
  readonly platform: string;
  readonly module_sha256: string;
  readonly engine: SigningSpeed['fastest'];
  readonly native_us: number;
  readonly wasm_us: number;
  readonly date: string;
}

/** How signers are to be made. */
export interface SignerChoice {
  readonly engine: EngineChoice;
  /** With `auto`: what was measured earlier. */
  readonly fastest?: SigningSpeed['fastest'];
}

/** @returns `$XDG_CACHE_HOME/perdure/signer.json`, else `~/.cache/perdure/signer.json`; a relative XDG_CACHE_HOME is ignored, as XDG wants. */
export function signerFile(env: Env): string {
  const cache = env.XDG_CACHE_HOME;
  const base = cache !== undefined && isAbsolute(cache) ? cache : join(env.HOME ?? homedir(), '.cache');
  return join(base, 'perdure', 'signer.json');
}

/**
 * Say who signs. @param option of the command line. @param hasChoice whether this runtime has both engines, unless given: asked of it.
 * @throws ReceiptError USAGE for an engine in the environment that there is not.
 */
export async function chooseSigner(
  env: Env,
  option: EngineChoice | undefined,
  hasChoice: () => boolean = hasSigningChoice,
): Promise<SignerChoice> {
  const engine = option ?? engineOf(env);
  if (engine !== 'auto' || !hasChoice()) return { engine };
  const fastest = await readFastest(env);
  return fastest === null ? { engine } : { engine, fastest };
}

/** @returns what the environment asks for, `auto` when nothing. @throws ReceiptError USAGE. */
export function engineOf(env: Env): EngineChoice {
  const asked = env[ENGINE_VARIABLE];
  if (asked === undefined || asked === '') return 'auto';
  const engine = ENGINES.find((name) => name === asked);
  if (engine !== undefined) return engine;
  throw usage(`${ENGINE_VARIABLE}: expected one of ${ENGINES.join(', ')}`, `unset ${ENGINE_VARIABLE}`);
}

/** @returns the engine that was found faster on this very Node, null when that is not known. Never throws. */
export async function readFastest(env: Env): Promise<SigningSpeed['fastest'] | null> {
  const file = signerFile(env);
  try {
    // As strict as with keys: what others may write is not read.
    if ((await privateFolder(dirname(file))) === null) return null;
    const bytes = await readPrivateFile(file, file, MAX_BYTES);
    return bytes === null ? null : fastestIn(utf8Text(bytes));
  } catch {
    return null;
  }
}

/**
 * Measure, and keep what was found. Order: a new file beside it → written → fsync → renamed over the old one, so that a reader meets one
 * or the other, whole. @param measure once a process, unless given. @returns where it is kept, and why it is not.
 */
export async function keepFastest(
  env: Env,
  measure: () => SigningSpeed = measureSigning,
): Promise<{ readonly file: string; readonly problem: string | null }> {
  const file = signerFile(env);
  const folder = dirname(file);
  const kept = keptOf(measure());
  try {
    await makePrivateFolder(folder);
    await privateFolder(folder);
    await replaceFile(folder, basename(file), utf8(`${JSON.stringify(kept, null, 2)}\n`), systemRandom);
    return { file, problem: null };
  } catch (error) {
    return { file, problem: (error as Error).message };
  }
}

function keptOf({ fastest, nativeMicros, wasmMicros }: SigningSpeed): Kept {
  return {
    schema: SCHEMA,
    ...runtime(),
    engine: fastest,
    native_us: Math.round(nativeMicros),
    wasm_us: Math.round(wasmMicros),
    date: new Date().toISOString(),
  };
}

function runtime(): Pick<Kept, 'node' | 'platform' | 'module_sha256'> {
  const { version, platform, arch } = process;
  return { node: version, platform: `${platform} ${arch}`, module_sha256: SIGNER_SHA256 };
}

/** @returns null for anything but what keptOf makes on this runtime. */
function fastestIn(text: string): SigningSpeed['fastest'] | null {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return null;
  const kept = value as Readonly<Record<string, unknown>>;
  const expected = { schema: SCHEMA, ...runtime() };
  for (const [name, wanted] of Object.entries(expected)) if (kept[name] !== wanted) return null;
  const { engine, native_us: native, wasm_us: wasm, date } = kept;
  const known = Object.keys(expected).length + 4;
  const whole =
    Object.keys(kept).length === known &&
    [native, wasm].every((us) => Number.isSafeInteger(us) && (us as number) > 0) &&
    typeof date === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(date);
  if (!whole) return null;
  return engine === 'native' || engine === 'wasm' ? engine : null;
}
