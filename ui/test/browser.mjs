// What the tests of the dashboard share: a browser, and a server to look at.
//   WIRELUME_URL=http://127.0.0.1:8080/ node --test ui/test/    looks at a server that runs;
//   without it the stand-in of dev/ is started, at a moment that stands still.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { makeServer } from '../dev/mock.mjs';

export const real = process.env.WIRELUME_URL;
/** Tests that need a certain state of the data, or a server that fails on demand. */
export const onlyMock = real ? { skip: 'needs the stand-in' } : {};
export const now = Date.parse('2026-11-24T12:00:00Z');

/** How long anything may take (ms): a limit against hanging, far above what a busy machine needs. */
const patience = 60000;
const json = { 'content-type': 'application/json' };

function browserPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch { /* the next one */ }
  }
  throw new Error('no Chromium: apt-get install chromium, or say where in CHROMIUM');
}

/** A server and a browser for the tests of a file. Options are those of makeServer. */
export function stage(options = {}) {
  const it = { base: real, browser: null };
  let server = null;
  before(async () => {
    it.browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'], timeout: patience });
    if (real) return;
    server = makeServer({ now, count: 8000, ...options });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    it.base = `http://127.0.0.1:${server.address().port}/`;
  });
  after(async () => {
    await it.browser?.close();
    server?.closeAllConnections();
    server?.close();
  });
  /** Ask the server behind the page, as the page would. */
  it.ask = async (ask, shared = { range: 86400 }) => {
    const stream = (await it.get('dashboards/packetbeat')).stream;
    const body = JSON.stringify({ stream, ...shared, ask: [{ id: 'a', ...ask }] });
    return (await (await fetch(`${it.base}api/v1/query`, { method: 'POST', headers: json, body })).json()).answers.a;
  };
  it.get = async (path) => (await fetch(`${it.base}api/v1/${path}`)).json();
  it.dev = async (what, body) => (await fetch(`${it.base}dev/${what}`, { method: 'POST', body: JSON.stringify(body ?? {}) })).json();
  /** Run `f` on a page. It fails when the page throws, breaks its CSP, or asks somebody else. */
  it.page = (path, f, { width = 1440, height = 900, ...context } = {}) => visit(it, path, f, { viewport: { width, height }, ...context });
  return it;
}

const asking = /^(http|ws)/;
/** What must not happen on a page, and what helps to see why a test failed there. */
function watch(page, base) {
  const wrong = [], lost = [];
  page.on('pageerror', (e) => wrong.push(e.message));
  page.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && wrong.push(m.text()));
  page.on('request', (r) => asking.test(r.url()) && !r.url().startsWith(base) && wrong.push(`asks ${r.url()}`));
  page.on('requestfailed', (r) => lost.push(`${r.method()} ${r.url()}: ${r.failure()?.errorText}`));
  return { wrong, lost };
}
/** The error of a test with what the page showed then. */
async function told(e, page, { wrong, lost }) {
  const text = await page.locator('body').innerText({ timeout: 5000 }).catch((why) => `(${why.message})`);
  e.message += `\nwrong: ${wrong.join(' | ')}\nlost: ${lost.join(' | ')}\n${page.url()} shows:\n${text.slice(0, 1500)}`;
  return e;
}
async function visit(it, path, f, context) {
  const own = await it.browser.newContext({ timezoneId: 'Europe/Berlin', locale: 'en-GB', ...context });
  const page = await own.newPage();
  page.setDefaultTimeout(patience);
  const seen = watch(page, it.base);
  try {
    await page.goto(it.base + path);
    await f(page);
    assert.deepEqual(seen.wrong, []);
  } catch (e) {
    throw await told(e, page, seen);
  } finally {
    await own.close();
  }
}

export const card = (page, title) => page.getByRole('region', { name: title, exact: true });
export const menuItem = (page, name) => page.getByRole('menuitem', { name });
export const slug = (title) => title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
/** A part of the address as the page has it: what page.url() says is told to it later. */
export const param = (page, name) => page.evaluate((n) => new URLSearchParams(location.search).get(n), name);
const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => done())));
/** Wait until `f` gives a truthy value in the page, asked at each frame. */
export async function until(page, f, arg) {
  const end = Date.now() + patience;
  while (!(await page.evaluate(f, arg))) {
    if (Date.now() > end) assert.fail(`never came true: ${f}`);
    await frame(page);
  }
}
/** All widgets have drawn something. */
export async function drawn(page) {
  await page.waitForSelector('.card');
  await until(page, () => document.querySelectorAll('.card .skeleton').length === 0);
}
export const grouped = (n) => n.toLocaleString('en-US');
