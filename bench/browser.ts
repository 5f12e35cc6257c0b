import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, extname, join, normalize } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/*
 * Pages in a headless Chromium: found on this machine, never downloaded. For the stage `chromium` and for test/runtime.
 */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @returns the Chromium of this machine, or that of PERDURE_CHROMIUM; null where there is none. */
export function findChromium(): string | null {
  const given = process.env.PERDURE_CHROMIUM;
  if (given !== undefined && given !== '') return given;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return places.find((file) => existsSync(file)) ?? null;
}

/** Start it, with a profile of its own that is removed when it is closed, and nothing of it that uses the network by itself. */
export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Its sandbox refuses to start as root, as which containers run.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
}

/** Files on this machine's loopback. */
export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
};

/** Serve a folder. @param headers for every file, such as a Content-Security-Policy. */
export async function serveFolder(folder: string, headers: Readonly<Record<string, string>> = {}): Promise<Served> {
  const server = createServer(({ url = '/' }, response) => {
    const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname));
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not here');
      return;
    }
    response.writeHead(200, { ...headers, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A page, alone in a context of its own. */
export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What it asked the network for so far, refused or not. */
  readonly requests: string[];
  /** What its console said, and what it threw. */
  readonly said: string[];
  /** Cut the network: the browser believes that it is offline, and whatever is asked for all the same is refused and counted. */
  goOffline(): Promise<void>;
  close(): Promise<void>;
}

/** Open a page and wait until it is there. @param before runs in it before its own scripts do. */
export async function openTab(browser: Browser, url: string, before?: () => void): Promise<Tab> {
  const context = await browser.newContext();
  const requests: string[] = [];
  const said: string[] = [];
  let offline = false;
  await context.route('**/*', (route) => {
    requests.push(route.request().url());
    return offline ? route.abort() : route.continue();
  });
  const page = await context.newPage();
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  if (before !== undefined) await page.addInitScript(before);
  await page.goto(url);
  return {
    page,
    context,
    requests,
    said,
    async goOffline() {
      offline = true;
      await context.setOffline(true);
    },
    close: () => context.close(),
  };
}
