// A stand-in for the server while the dashboard is worked on, and for its tests: made-up traffic in
// memory, the same HTTP API, the same headers. It is no part of the product.
//   node dev/mock.mjs [--port 8090] [--now 2026-11-24T12:00:00Z] [--login] [--count 24000] [--quiet]
// With --now time stands still until somebody posts to /dev/add; without it messages keep coming.
import { createServer } from 'node:http';
import { readFileSync, existsSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { answer } from './answer.mjs';
import { makeAgents, makeMessages, moreMessages, rulesOf, schema, sensorMessage } from './data.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../dist');
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const board = parse(readFileSync(join(here, '../../packs/packetbeat/dashboard.yml'), 'utf8'));
const paths = { title: 'Paths', summary: 'Who speaks to whom', stream: board.stream, timerange: 86400, tabs: [{ title: 'Paths',
  widgets: [{ title: 'Source, Port, Destination', visualization: 'sankey', metric: 'count()', position: [1, 1, 12, 6],
    rows: { fields: ['source_reference', 'destination_port', 'destination_reference'], limit: 20 } }] }] };
const boards = { packetbeat: board, paths };

/** Settings: {now: ms or undefined, login, count}. Returns a server that does not listen yet. */
export function makeServer({ now, login = false, count = 24000 } = {}) {
  let clock = now ?? Date.now();
  const time = () => (now === undefined ? Date.now() : clock);
  const messages = makeMessages(clock, { count });
  const clients = new Set(), sessions = new Set(), asked = [];
  let failing = null, sample = false;
  const tick = () => ({ t: time(), received: messages.length, stored: messages.length, dropped: 3,
    latest: messages.length ? Date.parse(messages.at(-1).timestamp) : null });
  const tell = () => clients.forEach((res) => res.write(`event: tick\ndata: ${JSON.stringify(tick())}\n\n`));
  const add = (n) => {
    if (now !== undefined) clock += 1000;
    messages.push(...moreMessages(time(), n, messages.length));
    tell();
  };
  const timer = now === undefined ? setInterval(() => add(1 + Math.floor(Math.random() * 4)), 1000) : null;
  const sessionOf = (req) => {
    const key = /wirelume=(\w+)/.exec(req.headers.cookie ?? '')?.[1];
    const known = !login || sessions.has(key);
    return { login_required: login, user: login && known ? 'anna' : null, role: known ? 'admin' : null, csrf: known ? 'token' : null };
  };
  const health = () => ({ version: '0.1.0', uptime_s: 93784, sample, counters: { 'intake.received': messages.length,
    'store.stored': messages.length, 'intake.refused': 0, 'beats.connections': 3 },
    memory_bytes: 93e6, meanings: { 'intake.received': 'Messages that came.', 'intake.refused': 'Messages that were not taken.' },
    queues: [{ name: 'batches of messages', used: 7, size: 8 }, { name: 'queries', used: 1, size: 66 }, { name: 'connections', used: 3, size: 512 }],
    disk: { path: '/var/lib/wirelume', free_bytes: 41e9, size_bytes: 250e9, used_bytes: 7.4e9 }, journal: { bytes: 734003200, size: 4294967296, unsealed_records: 1803 },
    notes: ['the disk of /var/lib/wirelume is full in about 9 days: raise it or keep fewer indices (index-set set)'],
    history: Array.from({ length: 360 }, (_, i) => ({ t: time() - (359 - i) * 10e3, received: 120 + Math.round(40 * Math.sin(i / 20)),
      stored: 118 + Math.round(40 * Math.sin(i / 20)), dropped: i === 200 ? 5 : 0 })) });

  const get = {
    dashboards: () => Object.entries(boards).map(([name, d]) => ({ name, title: d.title, summary: d.summary })),
    fields: () => ({ fields: schema }), agents: () => makeAgents(messages, time()), health,
  };
  const found = (res, value) => (value ? send(res, 200, value) : send(res, 404, { error: { text: 'there is none of that name' } }));
  const send = (res, status, value, headers = {}) => {
    res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
    res.end(JSON.stringify(value));
  };

  async function session(req, res, body) {
    if (req.method === 'POST') {
      if (body.user !== 'anna' || body.password !== 'secret')
        return send(res, 401, { error: { text: 'user or password is wrong' } });
      const key = Math.random().toString(36).slice(2);
      sessions.add(key);
      const cookie = `wirelume=${key}; HttpOnly; SameSite=Strict; Path=/`;
      return send(res, 200, { login_required: true, user: 'anna', role: 'admin', csrf: 'token' }, { 'set-cookie': cookie });
    }
    if (req.method === 'DELETE') sessions.clear();
    return send(res, 200, sessionOf(req));
  }
  function live(req, res) {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    clients.add(res);
    res.write(`event: tick\ndata: ${JSON.stringify(tick())}\n\n`);
    req.on('close', () => clients.delete(res));
  }
  function query(res, body) {
    asked.push(body);
    if (failing?.status) return send(res, failing.status, failing.body);
    try {
      const sensors = body.query === 'vendor_subtype:sensor';
      const own = answer(body, sensors ? [sensorMessage(time())] : messages, time());
      return send(res, 200, { ...own, answers: { ...own.answers, ...failing?.answers } });
    } catch (e) {
      if (!e.answer) throw e;
      return send(res, 400, e.answer);
    }
  }
  function dev(res, what, body) {
    if (what === 'add') add(body.count ?? 1);
    // {status, body}: every question fails so; {answers: {id: ...}}: these are answered so, the others well.
    if (what === 'fail') failing = body.status || body.answers ? body : null;
    if (what === 'sample') sample = Boolean(body.sample);
    return send(res, 200, { ...tick(), asked: asked.length });
  }
  function api(req, res, path, body) {
    const [what, ...rest] = path.split('/');
    if (what === 'session') return session(req, res, body);
    if (!sessionOf(req).role) return send(res, 401, { error: { text: 'log in first' } });
    if (what === 'live') return live(req, res);
    if (what === 'query' && req.method === 'POST') return query(res, body);
    if (what === 'dashboards' && rest[0]) return found(res, boards[rest[0]]);
    if (what === 'messages') {
      const m = messages.find((it) => it.gl2_message_id === rest[0]);
      return found(res, m && { message: m, index: 'gl_packetbeat_3', rules: rulesOf(m) });
    }
    return found(res, get[what]?.());
  }
  function file(res, path) {
    const name = join(dist, normalize('/' + (path || 'index.html')));
    if (!existsSync(name)) return send(res, 404, { error: { text: `no file ${path}` } });
    res.writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': "default-src 'self'; frame-ancestors 'none'", 'x-content-type-options': 'nosniff' });
    return res.end(readFileSync(name));
  }
  const server = createServer(async (req, res) => {
    const path = new URL(req.url, 'http://x').pathname.slice(1);
    let text = '';
    for await (const part of req) text += part;
    if (text && path.startsWith('api/') && req.headers['content-type'] !== 'application/json')
      return send(res, 415, { error: { text: 'the body must be declared as JSON: Content-Type: application/json' } });
    try {
      const body = text ? JSON.parse(text) : {};
      if (path.startsWith('dev/')) dev(res, path.slice(4), body);
      else if (path.startsWith('api/v1/')) await api(req, res, path.slice(7), body);
      else file(res, path);
    } catch (e) {
      console.error(e);
      send(res, 500, { error: { text: String(e) } });
    }
  });
  // A connection that is closed while its client takes it up again is a failure nobody meant.
  server.keepAliveTimeout = 0;
  server.on('close', () => clearInterval(timer));
  return server;
}

function option(name) {
  const i = process.argv.indexOf('--' + name);
  return i < 0 ? undefined : process.argv[i + 1];
}
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const now = option('now') && Date.parse(option('now'));
  const login = process.argv.includes('--login');
  const server = makeServer({ now, login, count: Number(option('count') ?? 24000) });
  server.listen(Number(option('port') ?? 8090), '127.0.0.1', () =>
    console.log(`http://127.0.0.1:${server.address().port}/${login ? '  (anna, secret)' : ''}`));
}
