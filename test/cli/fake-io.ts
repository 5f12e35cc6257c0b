import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { type Env, type Io, type Out, wantsColor } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';

/** What a command line left behind. */
export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Uint8Array;
}

/** Where a command line runs. */
export interface World {
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly env?: Env;
  /** Standard input and both outputs are terminals of this width. */
  readonly columns?: number;
  /** What the user types when asked, in order. */
  readonly answers?: readonly string[];
  readonly signal?: AbortSignal;
  /** The reader of standard output goes away after so many writes. */
  readonly closesAfter?: number;
}

class Kept implements Out {
  readonly parts: Uint8Array[] = [];
  readonly isTTY: boolean;
  readonly columns: number;
  readonly terminal = null;
  readonly color: boolean;
  readonly failure = null;
  readonly #closesAfter: number;

  constructor({ columns, env = {}, closesAfter = Number.POSITIVE_INFINITY }: World) {
    this.isTTY = columns !== undefined;
    this.columns = columns ?? 80;
    this.color = wantsColor(env, this.isTTY);
    this.#closesAfter = closesAfter;
  }

  get closed(): boolean {
    return this.parts.length >= this.#closesAfter;
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (!this.closed) this.parts.push(typeof data === 'string' ? utf8(data) : data.slice());
  }
}

/** Run one command line in this process. */
export async function cli(argv: readonly string[], world: World = {}): Promise<Ran> {
  const stdout = new Kept(world);
  const stderr = new Kept({ ...world, closesAfter: Number.POSITIVE_INFINITY });
  const answers = [...(world.answers ?? [])];
  const io: Io = {
    stdin: {
      isTTY: world.columns !== undefined,
      async *chunks(signal) {
        const { stdin = '' } = world;
        if (typeof stdin === 'string') yield utf8(stdin);
        else if (stdin instanceof Uint8Array) yield stdin;
        else {
          for await (const chunk of stdin) {
            if (signal?.aborted) return;
            yield chunk;
          }
        }
      },
      async askSecret(prompt) {
        await stderr.write(`${prompt}\n`);
        return answers.shift() ?? null;
      },
    },
    stdout,
    stderr,
    env: world.env ?? {},
    interruption: () => world.signal ?? new AbortController().signal,
  };
  const exit = await run(argv, io);
  const bytes = concatBytes(...stdout.parts);
  // Raw key bytes are no text; nobody looks at them as one.
  const text = new TextDecoder();
  return { exit, stdout: text.decode(bytes), stderr: text.decode(concatBytes(...stderr.parts)), bytes };
}

/** Run one that must succeed. */
export async function ok(argv: readonly string[], world: World = {}): Promise<Ran> {
  const ran = await cli(argv, world);
  if (ran.exit !== 0) throw new Error(`perdure ${argv.join(' ')}: exit ${ran.exit}\n${ran.stdout}\n${ran.stderr}`);
  return ran;
}
