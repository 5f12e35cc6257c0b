import type { ReadStream } from 'node:tty';
import { ReceiptError } from '../base/errors.ts';
import { EXIT } from './exit.ts';
import { type Env, type In, type Io, type Out, wantsColor } from './io.ts';
import { askSecret } from './prompt.ts';

/** The process as an Io, and what main needs besides. */
export interface ProcessIo {
  readonly io: Io;
  /** Resolves at an interrupt that no verb took over. */
  readonly unclaimedInterrupt: Promise<void>;
  /** Resolves when all that was written has left. */
  flush(): Promise<void>;
}

type Std = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env' | 'on' | 'exit'>;

/** Connect to a process: its streams, its environment, its interrupts. */
export function processIo(process: Std): ProcessIo {
  const stdout = new StreamOut(process.stdout, process.env);
  const stderr = new StreamOut(process.stderr, process.env);
  const interrupt = new AbortController();
  let claimed = false;
  const unclaimedInterrupt = new Promise<void>((resolve) => {
    process.on('SIGINT', () => {
      if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
      interrupt.abort();
      if (!claimed) resolve();
    });
  });
  return {
    io: {
      // Opening standard input early would keep the process alive and take what a child should read.
      get stdin() {
        return new StreamIn(process.stdin, stderr);
      },
      stdout,
      stderr,
      env: process.env,
      interruption() {
        claimed = true;
        return interrupt.signal;
      },
    },
    unclaimedInterrupt,
    flush: async () => {
      await Promise.all([stdout.drained(), stderr.drained()]);
    },
  };
}

class StreamOut implements Out {
  readonly isTTY: boolean;
  readonly color: boolean;
  readonly terminal: NodeJS.WritableStream | null;
  closed = false;
  failure: Error | null = null;
  readonly #stream: NodeJS.WriteStream;
  #last: Promise<void> = Promise.resolve();

  constructor(stream: NodeJS.WriteStream, env: Env) {
    this.#stream = stream;
    this.isTTY = stream.isTTY === true;
    this.terminal = this.isTTY ? stream : null;
    this.color = wantsColor(env, this.isTTY);
    stream.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
  }

  get columns(): number {
    return this.#stream.columns || 80;
  }

  write(data: string | Uint8Array): Promise<void> {
    if (this.closed || this.failure !== null) return Promise.resolve();
    this.#last = new Promise((resolve) => {
      this.#stream.write(data, (error) => {
        if (error) this.#fail(error);
        resolve();
      });
    });
    return this.#last;
  }

  /** Writes end in order, so the last one speaks for all. */
  drained(): Promise<void> {
    return this.#last;
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') this.closed = true;
    else this.failure ??= error;
  }
}

class StreamIn implements In {
  readonly isTTY: boolean;
  readonly #stream: ReadStream;
  readonly #prompt: Out;

  constructor(stream: ReadStream, prompt: Out) {
    this.#stream = stream;
    this.#prompt = prompt;
    this.isTTY = stream.isTTY === true;
  }

  async *chunks(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const stop = (): void => void this.#stream.destroy();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (signal?.aborted) return;
      for await (const chunk of this.#stream) yield chunk as Uint8Array;
    } catch (cause) {
      if (signal?.aborted) return;
      const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
      throw new ReceiptError('IO', `stdin: cannot be read (${code})`, { at: 'stdin', found: code, cause });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  askSecret(prompt: string): Promise<string | null> {
    return askSecret(this.#stream, this.#prompt, prompt);
  }
}
