// What can be done on the dashboard with mouse and keys.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { card, drawn, grouped, menuItem, onlyMock, param, stage, until } from './browser.mjs';

const it = stage();
const sources = 'Top 5 Sources by Message Count';
const first = (page) => card(page, sources).locator('.bar-row').first();

test('a value: add, exclude, only this, show its events', async () => {
  const top = (await it.ask({ kind: 'terms', field: 'source_reference', metric: 'count()', limit: 1 })).rows[0];
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    await first(page).click();
    await menuItem(page, 'Add to query').click();
    const added = await param(page, 'q');
    assert.match(added, /^source_reference:/);
    await until(page, (n) => document.querySelector('.big')?.textContent === n, grouped(top.value));
    await first(page).click();
    await menuItem(page, 'Exclude from query').click();
    assert.equal(await param(page, 'q'), `${added} AND NOT ${added}`);
    await page.goBack();
    assert.equal(await param(page, 'q'), added);
    await page.goBack();
    await drawn(page);
    await first(page).click();
    await menuItem(page, 'Only this').click();
    assert.equal(await param(page, 'q'), added);
    await drawn(page);
    await first(page).click();
    await menuItem(page, 'Show its events').click();
    await page.locator('.list-line b').waitFor();
    assert.equal(await page.locator('.list-line b').textContent(), grouped(top.value));
  });
});

test('the events of a value are those of its widget too', async () => {
  await it.page('?tab=packetbeat-network-flow-overview&refresh=off', async (page) => {
    await drawn(page);
    await card(page, 'Top 10 Sources by Network Bytes').locator('.bar-row').first().click();
    await menuItem(page, 'Show its events').click();
    assert.match(await param(page, 'q'), /^vendor_subtype:flow AND vendor_flow_final:true AND source_reference:/);
  });
});

test('copy a value', async () => {
  await it.page('?refresh=off', async (page) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await drawn(page);
    const text = await first(page).locator('.bar-key').textContent();
    await first(page).click();
    await menuItem(page, 'Copy value').click();
    await until(page, async (wanted) => (await navigator.clipboard.readText()) === wanted, text);
  });
});

async function drag(page, chart, from, to) {
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width * from, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, box.y + box.height / 2, { steps: 6 });
  await page.mouse.up();
}
test('drag over a chart zooms, a double click goes back', async () => {
  await it.page('?range=2d&refresh=off', async (page) => {
    await drawn(page);
    const chart = card(page, 'Message Count Over Time').locator('.u-over');
    await drag(page, chart, 0.5, 0.75);
    await until(page, () => location.search.includes('from='));
    const length = Date.parse(await param(page, 'to')) - Date.parse(await param(page, 'from'));
    assert.ok(Math.abs(length / 3600e3 - 12) < 1, `a quarter of two days, not ${length / 3600e3} h`);
    await drawn(page);
    await chart.dblclick({ position: { x: 30, y: 20 } });
    await until(page, () => location.search.includes('range=2d'));
    assert.equal(await page.locator('.menu').count(), 0);
  });
});

test('a bucket can be opened by a click', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    await card(page, 'Message Count Over Time').locator('.u-over').click({ position: { x: 300, y: 60 } });
    await menuItem(page, 'Show its events').click();
    await page.locator('.list-line b').waitFor();
    assert.equal(Date.parse(await param(page, 'to')) - Date.parse(await param(page, 'from')), 1800e3);
  });
});

test('all charts over time show the same moment', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    const box = await card(page, 'Message Count Over Time').locator('.u-over').boundingBox();
    await page.mouse.move(box.x + 200, box.y + 30);
    await until(page, () => document.querySelectorAll('.readout').length === 2);
    const times = await page.locator('.readout span').allTextContents();
    assert.equal(times[0], times[1]);
    await page.mouse.move(5, 5);
    await until(page, () => document.querySelectorAll('.readout').length === 0);
  });
});

test('a name of a legend alone, and all again', async () => {
  await it.page('?tab=packetbeat-network-flow-overview&refresh=off', async (page) => {
    await drawn(page);
    const names = card(page, 'Message Count by Network Transport Over Time').locator('.legend-name');
    await names.first().click();
    assert.equal(await names.first().getAttribute('aria-pressed'), 'true');
    assert.equal(await page.locator('.legend li.dim').count(), (await names.count()) - 1);
    await names.first().click();
    assert.equal(await page.locator('.legend li.dim').count(), 0);
  });
});

test('a card tells what it asks, and gives its numbers as a table and as CSV', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    const own = card(page, 'Total Flow Bytes Over Time');
    await own.getByRole('button', { name: 'What is asked' }).click();
    const info = await own.locator('.info').textContent();
    for (const part of ['sum(network_bytes)', 'vendor_flow_final:true']) assert.ok(info.includes(part), info);
    await own.getByRole('button', { name: 'Table view' }).click();
    assert.ok((await own.locator('tbody tr').count()) > 40);
    const [file] = await Promise.all([page.waitForEvent('download'), own.getByRole('button', { name: 'Save as CSV' }).click()]);
    assert.equal(file.suggestedFilename(), 'total-flow-bytes-over-time.csv');
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
    assert.equal(lines[0], 'Time,Sum of network_bytes');
    const { times } = await it.ask({ kind: 'histogram', metric: 'count()', interval: 'auto' });
    assert.equal(lines.length, times.length + 1);
  });
});

test('a card fills the page until Esc', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    await card(page, sources).hover();
    await card(page, sources).getByRole('button', { name: 'Fill the page' }).click();
    assert.equal(await page.locator('.card').count(), 1);
    assert.equal(await param(page, 'focus'), 'top-5-sources-by-message-count');
    await page.reload();
    await drawn(page);
    assert.equal(await page.locator('.card').count(), 1);
    await page.keyboard.press('Escape');
    await until(page, () => document.querySelectorAll('.card').length === 7);
  });
});

test('keys: tabs, query, time, pause, help, refresh', async () => {
  await it.page('', async (page) => {
    await drawn(page);
    const focused = () => page.evaluate(() => document.activeElement.id);
    await page.keyboard.press('3');
    await card(page, 'HTTP Request Methods').waitFor();
    await page.keyboard.press('4');
    await page.locator('.list').waitFor();
    await page.keyboard.press('1');
    await card(page, sources).waitFor();
    await page.keyboard.press('/');
    assert.equal(await focused(), 'query');
    await page.keyboard.type('2');
    assert.equal(await param(page, 'tab'), 'packetbeat-overview', 'while typing keys are letters');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('t');
    await page.getByRole('dialog', { name: 'Time range' }).waitFor();
    await page.keyboard.press('Escape');
    await until(page, () => document.activeElement.id === 'range');
    await page.keyboard.press('.');
    assert.equal(await param(page, 'refresh'), 'off');
    const again = page.waitForRequest('**/api/v1/query');
    await page.keyboard.press('r');
    await again;
    await page.keyboard.press('.');
    assert.equal(await param(page, 'refresh'), null);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await until(page, () => !document.querySelector('dialog').open);
  });
});

test('the range: chips, so long, from and to', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    const open = () => page.locator('#range').click();
    await open();
    await page.getByRole('button', { name: '1h', exact: true }).click();
    assert.equal(await param(page, 'range'), '1h');
    assert.match(await page.locator('#range').textContent(), /1 hour ago – Now/);
    await open();
    await page.getByLabel('Last', { exact: true }).fill('90m');
    await page.keyboard.press('Enter');
    assert.equal(await param(page, 'range'), '90m');
    await open();
    await page.getByLabel('From').fill('2026-11-24T10:00');
    await page.getByLabel('To', { exact: true }).fill('2026-11-24T09:00');
    await page.getByRole('button', { name: 'Apply' }).last().click();
    assert.match(await page.getByRole('alert').textContent(), /before the second/);
    await page.getByLabel('To', { exact: true }).fill('2026-11-24T11:00');
    await page.getByRole('button', { name: 'Apply' }).last().click();
    assert.equal(await param(page, 'from'), '2026-11-24T09:00:00.000Z', 'Berlin is one hour before UTC');
    await page.getByRole('button', { name: 'Back to now' }).click();
    assert.equal(await param(page, 'from'), null);
  });
});

test('the address holds the view', async () => {
  const address = '?tab=packetbeat-http-overview&range=7d&q=http_request_method%3APOST&refresh=15s&theme=dark';
  await it.page(address, async (page) => {
    await drawn(page);
    assert.equal(await page.inputValue('#query'), 'http_request_method:POST');
    assert.equal(await page.getByLabel('Refresh', { exact: true }).inputValue(), '15s');
    assert.match(await page.locator('#range').textContent(), /7 days ago/);
    await page.keyboard.press('1');
    for (const [name, value] of Object.entries({ range: '7d', q: 'http_request_method:POST', refresh: '15s', theme: 'dark' }))
      assert.equal(await param(page, name), value);
    await page.goBack();
    await card(page, 'HTTP Request Methods').waitFor();
  });
});

test('completion of fields and of values', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    await page.keyboard.press('/');
    await page.keyboard.type('network_tr');
    await until(page, () => document.querySelector('#choices li span')?.textContent === 'network_transport');
    await page.keyboard.press('Tab');
    assert.equal(await page.inputValue('#query'), 'network_transport:');
    const values = await it.ask({ kind: 'values', field: 'network_transport', prefix: '', limit: 9 });
    await page.getByRole('option', { name: new RegExp(`^${values.rows[0].key}`) }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    assert.equal(await page.inputValue('#query'), `network_transport:${values.rows[0].key} `);
    await page.keyboard.press('Enter');
    assert.equal(await param(page, 'q'), `network_transport:${values.rows[0].key}`);
  });
});

test('addresses as networks, bytes as messages: chosen, kept in the address, taken back', async () => {
  const flows = 'vendor_subtype:flow AND vendor_flow_final:true';
  const nets = await it.ask({ kind: 'terms', field: 'source_reference', metric: 'count()', limit: 10, query: flows, networks: { ipv4: 24, ipv6: 64 } });
  assert.ok(nets.rows.some((r) => /^[\d.]+\.0\/24$/.test(r.key)), JSON.stringify(nets.rows));
  await it.page('?tab=packetbeat-network-flow-overview&refresh=off', async (page) => {
    const own = card(page, 'Top 10 Sources by Network Bytes');
    const keys = () => own.locator('.bar-key').allTextContents();
    const look = async (name) => {
      await own.getByRole('button', { name: 'Look at it by…' }).click();
      await page.getByRole('menuitemradio', { name }).click();
      await drawn(page);
    };
    await drawn(page);
    const before = await keys();
    await look('Networks');
    await look('Messages');
    const rows = await page.evaluate(() => new URLSearchParams(location.search).get('lens'));
    assert.equal(rows, 'top-10-sources-by-network-bytes:networks,top-10-sources-by-network-bytes:messages');
    await page.reload();
    await drawn(page);
    assert.deepEqual(await keys(), nets.rows.map((r) => r.key));
    assert.deepEqual(await own.locator('.bar-value').allTextContents(), nets.rows.map((r) => grouped(r.value)));
    await own.locator('.bar-row').first().click();
    await menuItem(page, 'Show its events').click();
    await page.locator('.list-line b').waitFor();
    assert.equal(await page.locator('.list-line b').textContent(), grouped(nets.rows[0].value));
    await page.goBack();
    await own.getByRole('button', { name: /messages, networks/ }).click();
    await until(page, (n) => document.querySelectorAll('.bar-key').length > n, 0);
    await drawn(page);
    assert.deepEqual(await keys(), before);
    assert.equal(await param(page, 'lens'), null);
  });
});

test('codes of answers as classes, and the messages of one', async () => {
  const errors = await it.ask({ kind: 'value', metric: 'count()', query: 'vendor_subtype:http AND http_response_code:>=400 AND http_response_code:<=499' });
  await it.page('?tab=packetbeat-http-overview&refresh=off', async (page) => {
    await drawn(page);
    const own = card(page, 'HTTP Response Code Over Time');
    await own.getByRole('button', { name: 'Look at it by…' }).click();
    await page.getByRole('menuitemradio', { name: 'Classes' }).click();
    await drawn(page);
    const labels = await own.locator('.legend-label').allTextContents();
    assert.ok(labels.includes('4xx') && labels.every((l) => /^[1-5]xx$/.test(l)), labels.join());
    const shown = await own.locator('.legend-text').nth(labels.indexOf('4xx')).textContent();
    assert.equal(shown, grouped(errors.value));
    await own.getByRole('button', { name: 'Actions for 4xx' }).click();
    await menuItem(page, 'Only this').click();
    assert.equal(await param(page, 'q'), 'http_response_code:[400 TO 499]');
  });
});

test('a port says what usually listens there', async () => {
  await it.page('?tab=packetbeat-network-flow-overview&refresh=off', async (page) => {
    await drawn(page);
    const titles = await card(page, 'Top 10 Destination Ports').locator('.legend-name').evaluateAll((all) => all.map((b) => b.title));
    assert.ok(titles.some((t) => /^Show only (53 \(domain\)|443 \(https\)|80 \(http\))$/.test(t)), titles.join());
  });
});

test('who runs a network is offered only where messages say it', onlyMock, async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    await card(page, 'Top 5 Sources by Message Count').getByRole('button', { name: 'Look at it by…' }).click();
    await page.locator('.menu-why', { hasText: 'no message here has source_as_organization' }).waitFor();
    assert.deepEqual(await page.getByRole('menuitemradio').allTextContents(), ['Hosts', 'Networks (/24, IPv6 /64)', 'Messages', 'Bytes']);
  });
});

test('a mistake in the query is shown at its place', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    await page.fill('#query', 'source_ip:10.0.0.11 AND (b:1');
    await page.keyboard.press('Enter');
    await page.locator('.mistake').waitFor();
    assert.ok((await page.locator('.mistake span').textContent()).length > 5);
    assert.equal(await page.locator('.mistake mark').count(), 1);
    await page.getByRole('button', { name: 'Clear the query' }).click();
    await until(page, () => !document.querySelector('.mistake') && !document.querySelector('.skeleton'));
  });
});

test('new messages show up by themselves, and not while paused', onlyMock, async () => {
  const big = (page) => page.locator('.big').first().textContent();
  await it.page('', async (page) => {
    await drawn(page);
    const before = Number((await big(page)).replace(/,/g, ''));
    await it.dev('add', { count: 30 });
    await until(page, (n) => Number(document.querySelector('.big').textContent.replace(/,/g, '')) > n + 20, before);
    await page.keyboard.press('.');
    assert.equal(await param(page, 'refresh'), 'off');
    await until(page, () => !document.querySelector('.progress.on'));
    // What was asked before is told before this one.
    await Promise.all([page.waitForRequest('**/api/v1/session'), page.evaluate(() => fetch('api/v1/session').then((r) => r.text()))]);
    const asked = [];
    page.on('request', (r) => r.url().includes('/query') && asked.push(r));
    const paused = await big(page);
    await it.dev('add', { count: 30 });
    const { stored } = await it.dev('tick');
    await until(page, (n) => document.querySelector('.live').title.includes(`${n} stored`), grouped(stored));
    assert.equal(await big(page), paused);
    assert.equal(asked.length, 0);
  });
});
