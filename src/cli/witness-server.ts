import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ReceiptError } from '../base/errors.ts';
import type { Witness } from '../checkpoint/witness.ts';
import { MAX_REQUEST_BYTES } from '../checkpoint/witness-request.ts';

/** One request that was answered, for whoever keeps a log of them. */
export interface Answered {
  readonly method: string;
  /** As asked for, without a query; printed with care, since a stranger chose it. */
  readonly path: string;
  readonly status: number;
  readonly origin?: string | undefined;
  readonly size?: number | undefined;
  /** What went wrong on our side; nothing of it is told to the client. */
  readonly error?: unknown;
}

/** A whole request must have come after so many milliseconds: a slow one holds nothing but itself, and not for long. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;

/** Connections at once; further ones are refused by the system. */
const MAX_CONNECTIONS = 256;

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answered?: Partial<Answered>;
}

const TEXT = 'text/plain; charset=utf-8';
const text = (status: number, body: string): Reply => ({ status, contentType: TEXT, body: `${body}\n` });

/**
 * Serve a witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint`, and `GET /<SHA-256 of the origin>/checkpoint` for monitors.
 * @param onAnswered is told of each request, after its answer was made. @returns the server, not yet listening.
 */
export function witnessServer(witness: Witness, onAnswered: (one: Answered) => void = () => undefined): Server {
  const server = createServer((request, response) => {
    void reply(witness, request).then((answer) => {
      send(response, answer);
      const path = pathOf(request);
      onAnswered({ method: request.method ?? '', path, status: answer.status, ...answer.answered });
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function reply(witness: Witness, request: IncomingMessage): Promise<Reply> {
  try {
    return await route(witness, request);
  } catch (error) {
    // A failed write, a damaged file, a key that does not sign: the client learns that there is no answer, the operator why.
    return { ...text(500, 'the witness cannot answer; nothing was cosigned'), answered: { error } };
  }
}

async function route(witness: Witness, request: IncomingMessage): Promise<Reply> {
  const path = pathOf(request);
  if (path === '/add-checkpoint') {
    if (request.method !== 'POST') return { ...text(405, 'expected POST'), headers: { allow: 'POST' } };
    const body = await bodyOf(request);
    if (body === null)
      return { ...text(413, `expected at most ${MAX_REQUEST_BYTES} bytes`), headers: { connection: 'close' } };
    const { status, contentType, body: out, origin, size } = await witness.addCheckpoint(body);
    return { status, contentType, body: out, answered: { origin, size } };
  }
  const hash = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path)?.[1];
  if (hash === undefined) return text(404, 'not found');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { ...text(405, 'expected GET'), headers: { allow: 'GET, HEAD' } };
  const note = await witness.checkpointOf(hash);
  return note === null ? text(404, 'no checkpoint of that log') : { status: 200, contentType: TEXT, body: note };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0]!;
}

/** @returns the body; null when it is longer than any request may be. @throws ReceiptError IO when the client went away */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | null> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) return null;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_REQUEST_BYTES) return null;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new ReceiptError('IO', 'request: expected its whole body, got a part', { at: 'request', cause });
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function send(response: ServerResponse, { status, contentType, body, headers = {} }: Reply): void {
  response.writeHead(status, {
    ...headers,
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Begin to listen. @returns the port, which port 0 leaves to the system. @throws the system's error, as EADDRINUSE */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Stop: no new connections, requests under way are answered, idle connections closed. */
export function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
