// The kinds of POST /api/v1/query over a list of messages in memory.
import { at as time } from './data.mjs';
import { networkOf } from './network.mjs';
import { compile } from './search.mjs';

const of = (m, field) => (m[field] === undefined ? [] : [m[field]].flat());

function metricOf(text = 'count()') {
  const [, name, field, at] = /^(\w+)\(([^,)]*)(?:,\s*([\d.]+))?\)$/.exec(text);
  const numbers = (list) => list.flatMap((m) => of(m, field)).map(Number).filter((n) => !Number.isNaN(n));
  const some = (f) => (list) => { const n = numbers(list); return n.length ? f(n) : null; };
  return {
    count: (list) => list.length,
    card: (list) => new Set(list.flatMap((m) => of(m, field))).size,
    sum: some((n) => n.reduce((a, b) => a + b, 0)),
    avg: some((n) => n.reduce((a, b) => a + b, 0) / n.length),
    min: some((n) => Math.min(...n)), max: some((n) => Math.max(...n)),
    percentile: some((n) => quantile(n, Number(at))),
  }[name];
}
const quantile = (n, at) => n.sort((a, b) => a - b)[Math.min(n.length - 1, Math.floor((at / 100) * n.length))];

function groups(list, keysOf) {
  const found = new Map();
  for (const m of list) for (const key of keysOf(m)) {
    const name = JSON.stringify(key);
    if (!found.has(name)) found.set(name, { key, list: [] });
    found.get(name).list.push(m);
  }
  return [...found.values()];
}
function ranked(list, keysOf, metric, order = 'desc') {
  const sign = order === 'asc' ? 1 : -1;
  return groups(list, keysOf).map(({ key, list: own }) => ({ key, value: metric(own), list: own }))
    .sort((a, b) => sign * (a.value - b.value) || (String(a.key) < String(b.key) ? -1 : 1));
}

const steps = [1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 10800, 21600, 43200, 86400, 604800];
function gridOf(ask, { from, to }) {
  const wanted = (to - from) / 1000 / (ask.buckets ?? 60);
  const s = typeof ask.interval === 'number' ? ask.interval : steps.find((n) => n >= wanted) ?? 604800;
  const times = [];
  for (let t = Math.floor(from / 1000 / s) * s * 1000; t < to; t += s * 1000) times.push(t);
  return { interval_s: s, times };
}
function bucketed(list, grid, metric, empty) {
  const bins = grid.times.map(() => []);
  for (const m of list) bins[Math.floor((m[time] - grid.times[0]) / (grid.interval_s * 1000))]?.push(m);
  return bins.map((bin) => (bin.length ? metric(bin) : empty));
}

export const kinds = {
  value(ask, list, w) {
    const metric = metricOf(ask.metric);
    const before = ask.previous ? w.select({ from: 2 * w.from - w.to, to: w.from }, ask) : null;
    return { value: metric(list), previous: before && metric(before) };
  },
  histogram(ask, list, w) {
    const grid = gridOf(ask, w), metric = metricOf(ask.metric), empty = ask.metric === 'count()' ? 0 : null;
    if (!ask.split) return { ...grid, series: [{ key: null, values: bucketed(list, grid, metric, empty) }] };
    const all = ranked(list, (m) => of(m, ask.split.field), metric);
    const shown = all.slice(0, ask.split.limit), rest = all.slice(ask.split.limit).flatMap((g) => g.list);
    return { ...grid, series: shown.map((g) => ({ key: g.key, values: bucketed(g.list, grid, metric, empty) })),
      ...(rest.length ? { other: { values: bucketed(rest, grid, metric, empty) } } : {}) };
  },
  terms(ask, list) {
    const metric = metricOf(ask.metric);
    const keys = (m) => of(m, ask.field).map((v) => (ask.networks ? networkOf(String(v), ask.networks) : v));
    const all = ranked(list, keys, metric, ask.order);
    const rest = all.slice(ask.limit ?? 10);
    const adds = /^(count|sum)/.test(ask.metric ?? 'count()');
    return { rows: all.slice(0, ask.limit ?? 10).map(({ key, value }) => ({ key, value })), distinct: all.length,
      other: adds ? rest.reduce((sum, g) => sum + (g.value ?? 0), 0) : null,
      missing: list.filter((m) => of(m, ask.field).length === 0).length };
  },
  pairs(ask, list) {
    const have = list.filter((m) => ask.fields.every((f) => of(m, f).length));
    return { rows: ranked(have, (m) => [ask.fields.map((f) => of(m, f)[0])], metricOf(ask.metric))
      .slice(0, ask.limit ?? 20).map(({ key, value }) => ({ keys: key, value })) };
  },
  percentiles(ask, list, w) {
    const at = (p) => metricOf(`percentile(${ask.field},${p})`);
    if (!ask.interval) return { values: ask.at.map((p) => at(p)(list)) };
    const grid = gridOf(ask, w);
    return { ...grid, series: ask.at.map((p) => ({ key: p, values: bucketed(list, grid, at(p), null) })) };
  },
  messages(ask, list) {
    const { field, order } = ask.sort ?? { field: 'timestamp', order: 'desc' };
    const sign = order === 'asc' ? 1 : -1;
    const sorted = list.slice().sort((a, b) => sign * (a[field] < b[field] ? -1 : a[field] > b[field] ? 1 : 0));
    const start = ask.after ? Number(ask.after) : ask.offset ?? 0, end = start + Math.min(ask.limit ?? 100, 1000);
    return { total: list.length, next: end < list.length ? String(end) : null,
      rows: sorted.slice(start, end).map((m) => ({ id: m.gl2_message_id, index: 'gl_packetbeat_3', message: ask.fields ?
        Object.fromEntries(ask.fields.filter((f) => m[f] !== undefined).map((f) => [f, m[f]])) : m })) };
  },
  fields(ask, list) {
    const kindOf = (v) => (Array.isArray(v) ? 'list' : { number: 'int', boolean: 'bool' }[typeof v] ?? 'text');
    const found = new Map();
    for (const m of list) for (const [name, v] of Object.entries(m)) {
      const row = found.get(name) ?? { name, kind: name === 'timestamp' ? 'time' : kindOf(v), count: 0 };
      row.count++;
      found.set(name, row);
    }
    return { fields: [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) };
  },
  values(ask, list) {
    const fits = (m) => of(m, ask.field).filter((v) => String(v).startsWith(ask.prefix ?? ''));
    return { rows: ranked(list, fits, (own) => own.length).slice(0, ask.limit ?? 10).map(({ key, value }) => ({ key, value })) };
  },
  message(ask, _list, w) {
    const found = w.messages.find((m) => m.gl2_message_id === ask.message_id);
    return { message: found ?? null, index: found && 'gl_packetbeat_3' };
  },
};

/** The answer of POST /api/v1/query. Throws SearchError for the query they share. */
export function answer(body, messages, now) {
  const started = performance.now();
  const to = body.range ? now : new Date(body.to).getTime();
  const from = body.range ? now - body.range * 1000 : new Date(body.from).getTime();
  const shared = compile(body.query);
  const select = (span, ask) => {
    const own = compile(ask.query);
    return messages.filter((m) => {
      const t = m[time];
      return t >= span.from && t < span.to && shared(m) && own(m);
    });
  };
  const answers = {};
  for (const ask of body.ask) {
    try {
      if (!kinds[ask.kind]) throw { answer: { error: { text: `there is no kind "${ask.kind}"` } } };
      answers[ask.id] = kinds[ask.kind](ask, select({ from, to }, ask), { from, to, select, messages });
    } catch (e) {
      if (!e.answer) throw e;
      answers[ask.id] = e.answer;
    }
  }
  return { from, to, took_ms: performance.now() - started, answers };
}
