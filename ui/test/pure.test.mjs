// The parts without a page: search text, addresses, numbers, times, CSV.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';

/** The module of src/NAME.ts. */
async function load(name) {
  const entry = new URL(`../src/${name}.ts`, import.meta.url).pathname;
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false });
  return import('data:text/javascript;base64,' + Buffer.from(outputFiles[0].text).toString('base64'));
}

test('a value is a term that means itself', async () => {
  const { is } = await load('search');
  assert.equal(is('source_ip', '10.0.0.1'), 'source_ip:10.0.0.1');
  assert.equal(is('port', 443), 'port:443');
  assert.equal(is('ip', 'fe80::1'), 'ip:"fe80::1"');
  assert.equal(is('agent', 'a "b" \\ c'), 'agent:"a \\"b\\" \\\\ c"');
  assert.equal(is('verb', 'OR'), 'verb:"OR"');
  assert.equal(is('uid', '0d-1'), 'uid:"0d-1"');
  assert.equal(is('path', '*'), 'path:"*"');
  assert.equal(is('a field', 'x'), 'a\\ field:x');
});

test('what is added keeps the meaning of what is there', async () => {
  const { and, both } = await load('search');
  assert.equal(and('', 'a:1'), 'a:1');
  assert.equal(and('*', 'a:1'), 'a:1');
  assert.equal(and('a:1', 'b:2'), 'a:1 AND b:2');
  assert.equal(and('a:1', 'a:1'), 'a:1');
  assert.equal(and('a:1 AND b:2', 'b:2'), 'a:1 AND b:2');
  assert.equal(and('a:1 OR b:2', 'c:3'), '(a:1 OR b:2) AND c:3');
  assert.equal(and('two words', 'c:3'), '(two words) AND c:3');
  assert.equal(and('(a:1 OR b:2)', 'c:3'), '(a:1 OR b:2) AND c:3');
  assert.equal(and('a:"x OR y"', 'c:3'), 'a:"x OR y" AND c:3');
  assert.equal(and('NOT a:1', 'c:3'), 'NOT a:1 AND c:3');
  assert.equal(both('a:1', 'b:2 OR c:3'), 'a:1 AND (b:2 OR c:3)');
  assert.equal(both('', 'b:2 AND c:3'), 'b:2 AND c:3');
});

test('what is being typed', async () => {
  const { typingAt } = await load('search');
  const at = (text) => typingAt(text, text.length);
  assert.deepEqual(at('sou'), { field: null, prefix: 'sou', start: 0 });
  assert.deepEqual(at('a:1 AND (dest'), { field: null, prefix: 'dest', start: 9 });
  assert.deepEqual(at('a:1 AND b:fo'), { field: 'b', prefix: 'fo', start: 10 });
  assert.deepEqual(at('b:"two w'), { field: 'b', prefix: 'two w', start: 2 });
  assert.equal(at('"free te'), null);
});

test('an address and its view are each other', async () => {
  const { read, write, start } = await load('url');
  assert.deepEqual(read(''), start);
  assert.equal(write(start), '');
  const view = { ...start, tab: 'messages', range: { last: '15m' }, query: 'a:"b & c"', theme: 'dark', refresh: 'off',
    columns: ['a', 'b'], sort: { field: 'a', order: 'asc' }, message: '01J' };
  assert.deepEqual(read(write(view)), view);
  const span = { ...start, range: { from: 1795435200000, to: 1795521600000 } };
  assert.deepEqual(read(write(span)), span);
  for (const bad of ['?range=abc', '?range=0d', '?from=x&to=y', '?from=2026-01-02&to=2026-01-01', '?theme=pink', '?refresh=never'])
    assert.deepEqual(read(bad), start, bad);
});

test('numbers as people read them', async () => {
  const { duration, number, short, nanoseconds, percent, shown } = await load('units');
  assert.equal(number(173256), '173,256');
  assert.equal(number(null), '–');
  assert.equal(number(0, 'bytes'), '0 B');
  assert.equal(number(999, 'bytes'), '999 B');
  assert.equal(number(6470000000, 'bytes'), '6.47 GB');
  assert.equal(number(12345678, 'bytes'), '12.3 MB');
  assert.equal(number(1717000, 'ns'), '1.72 ms');
  assert.equal(nanoseconds(90e9), '1.5 min');
  assert.equal(number(12, 'packets'), '12 packets');
  assert.equal(number(0.25, 's'), '250 ms');
  assert.equal(duration(93784), '1 d 2 h');
  assert.equal(duration(0), '0 s');
  assert.equal(duration(125), '2 min 5 s');
  assert.equal(short(12345), '12.3K');
  assert.equal(percent(1, 10000), '<0.1 %');
  assert.equal(percent(1, 0), '–');
  assert.equal(percent(48615, 11, 2), '441,954.55 %');
  assert.equal(shown('a\u202eb\u0000'), 'a⟨202E⟩b⟨0000⟩');
});

test('ranges and times', async () => {
  const { lastSeconds, lastText, rangeWords, stepText, agoText } = await load('time');
  assert.equal(lastSeconds('15m'), 900);
  assert.equal(lastSeconds('0m'), null);
  assert.equal(lastSeconds('1y'), null);
  assert.equal(lastText(86400), '1d');
  assert.equal(lastText(5400), '90m');
  assert.equal(rangeWords({ last: '1d' }), '1 day ago – Now');
  assert.equal(stepText(1800), '30 min');
  assert.equal(agoText(0, 120e3), '2 min ago');
});

test('CSV: quotes where needed, no formulas', async () => {
  const { csv } = await load('sheet');
  const sheet = { columns: [{ title: 'a,b' }, { title: 'n', numeric: true }],
    rows: [['x "y"', 1.5], ['=1+1', null], ['@cmd', 2], ['a\nb', 3], ['-5', -5]] };
  assert.equal(csv(sheet), '"a,b",n\r\n"x ""y""",1.5\r\n\'=1+1,\r\n\'@cmd,2\r\n"a\nb",3\r\n\'-5,-5\r\n');
});

test('codes of answers are added up by their class', async () => {
  const { byClass } = await load('classes');
  assert.deepEqual(byClass([{ key: 204, values: [1, null, null] }, { key: 404, values: [2, 2, 0] }, { key: 200, values: [5, 1, null] }, { key: 'odd', values: [0, 0, 1] }]), [
    { key: '2xx', values: [6, 1, null] }, { key: '4xx', values: [2, 2, 0] }, { key: 'odd', values: [0, 0, 1] },
  ]);
});
