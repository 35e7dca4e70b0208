// Messages, agents, health, login, and what is said when there is nothing to see.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { card, drawn, grouped, menuItem, now, onlyMock, param, stage, until } from './browser.mjs';

const it = stage();

test('messages: how many, the newest first, a page more', async () => {
  const { total } = await it.ask({ kind: 'messages', limit: 1 });
  await it.page('?tab=messages&refresh=off', async (page) => {
    await page.locator('.list tbody tr').first().waitFor();
    assert.equal(await page.locator('.list-line b').textContent(), grouped(total));
    const times = await page.locator('.time-cell').allTextContents();
    assert.deepEqual(times, times.slice().sort().reverse());
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /as CSV/ }).last().click()]);
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
    assert.equal(lines[0].split(',')[0], 'timestamp');
    assert.equal(lines.length, times.length + 1);
    if (total <= 100) return;
    await page.getByRole('button', { name: 'Show more' }).click();
    await until(page, (n) => document.querySelectorAll('.list tbody tr').length === n, Math.min(total, 200));
    const all = await page.locator('.time-cell').allTextContents();
    assert.deepEqual(all, all.slice().sort().reverse());
    assert.match(await page.locator('.list-line').textContent(), /not refreshed/);
  });
});

test('a list of messages is one question, and one for its fields', async () => {
  await it.page('?tab=agents', async (page) => {
    const asked = [];
    page.on('request', (r) => r.url().endsWith('/query') && asked.push(r.postDataJSON().ask.map((a) => a.kind).join()));
    await page.goto(`${it.base}?tab=messages&refresh=off`);
    await page.locator('.fields li').first().waitFor();
    assert.deepEqual(asked.sort(), ['fields', 'histogram,messages']);
  });
});

test('columns are chosen, sorted by, and kept in the address', async () => {
  await it.page('?tab=messages&refresh=off', async (page) => {
    const heads = () => page.locator('.list th .sort').allTextContents();
    await page.locator('.list tbody tr').first().waitFor();
    const before = await heads();
    await page.getByLabel('Find a field').fill('network_transport');
    await page.getByLabel('column network_transport').check();
    await until(page, () => document.querySelector('.list thead')?.textContent.includes('network_transport'));
    assert.deepEqual(await heads(), [...before, 'network_transport']);
    await page.locator('.list .sort', { hasText: 'network_transport' }).click();
    assert.equal(await param(page, 'sort'), '-network_transport');
    await page.reload();
    await page.locator('.list tbody tr').first().waitFor();
    assert.deepEqual(await heads(), [...before, 'network_transport']);
  });
});

test('the most frequent values of a field', async () => {
  const top = await it.ask({ kind: 'terms', field: 'network_transport', metric: 'count()', limit: 5 });
  await it.page('?tab=messages&refresh=off', async (page) => {
    await page.getByLabel('Find a field').fill('network_transport');
    await page.locator('.fields li > button').first().click();
    await page.locator('.top-values li').first().waitFor();
    assert.deepEqual(await page.locator('.top-values span').allTextContents(), top.rows.map((r) => String(r.key)));
    await page.locator('.top-values button').first().click();
    await menuItem(page, 'Only this').click();
    assert.equal(await param(page, 'q'), `network_transport:${top.rows[0].key}`);
  });
});

test('one message: fields by their kind, the rule that set them, neighbours', async () => {
  await it.page('?tab=messages&refresh=off&q=vendor_subtype:flow', async (page) => {
    await page.locator('.time-cell button').nth(1).click();
    await page.locator('.field-group').first().waitFor();
    const groups = await page.locator('.field-group h3').allTextContents();
    assert.ok(groups.some((g) => g.startsWith('Fields of the information model')), groups.join());
    assert.ok(groups.some((g) => g.startsWith('Kept by the receiver')), groups.join());
    const id = await param(page, 'message');
    const one = await it.get(`messages/${id}`);
    assert.equal(await page.locator('.rule').count() > 0, Object.keys(one.rules ?? {}).length > 0);
    await page.keyboard.press('j');
    await until(page, (was) => new URL(location.href).searchParams.get('message') !== was, id);
    await page.keyboard.press('k');
    assert.equal(await param(page, 'message'), id);
    await page.getByRole('button', { name: 'Around it' }).click();
    assert.equal(Date.parse(await param(page, 'to')) - Date.parse(await param(page, 'from')), 120e3);
    await page.keyboard.press('Escape');
    await until(page, () => !document.querySelector('.detail'));
  });
});

test('agents: who sends, and their events', async () => {
  const { agents } = await it.get('agents');
  await it.page('?tab=agents', async (page) => {
    await page.locator('.agents tbody tr').first().waitFor();
    assert.equal(await page.locator('.agents tbody tr').count(), agents.length);
    await page.getByRole('button', { name: agents[0].name }).first().click();
    await page.locator('.list').waitFor();
    assert.ok((await param(page, 'q')).includes(agents[0].id));
  });
});

test('the number of agents leads to them', onlyMock, async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    await card(page, 'Agents Reporting').locator('.big').click();
    await page.locator('.agents').waitFor();
  });
});

test('the sample capture is told, and shown although it is old', onlyMock, async () => {
  const tick = JSON.stringify({ t: now + 9 * 86400e3, received: 8000, stored: 8000, dropped: 0, latest: now - 1 });
  try {
    await it.dev('sample', { sample: true });
    await it.page('?tab=agents', async (page) => {
      await page.route('**/api/v1/live', (route) =>
        route.fulfill({ contentType: 'text/event-stream', body: `event: tick\ndata: ${tick}\n\n` }));
      await page.goto(it.base);
      await page.locator('.badge', { hasText: 'sample' }).waitFor();
      await until(page, () => document.querySelector('#range').textContent.includes('2026-11-24 13:00'));
      await drawn(page);
      assert.notEqual(await page.locator('.big').first().textContent(), '0');
    });
  } finally {
    await it.dev('sample', {});
  }
});

test('health takes the sample out', onlyMock, async () => {
  let there = true;
  await it.page('?tab=agents', async (page) => {
    await page.route('**/api/v1/health', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), sample: there } });
    });
    await page.route('**/api/v1/sample', async (route) => {
      assert.equal(route.request().method(), 'DELETE');
      there = false;
      await route.fulfill({ json: { removed: 406 } });
    });
    await page.goto(it.base);
    await page.locator('.badge', { hasText: 'sample' }).click();
    await page.getByRole('button', { name: 'Remove the sample' }).click();
    await page.locator('.toast', { hasText: '406 messages' }).waitFor();
    await page.getByRole('button', { name: 'Remove the sample' }).waitFor({ state: 'detached' });
    await page.locator('.badge', { hasText: 'sample' }).waitFor({ state: 'detached' });
  });
});

test('health: what is wrong first, counters to be found', async () => {
  const health = await it.get('health');
  await it.page('?tab=health', async (page) => {
    const notes = page.locator('[role=status] .notes, .notes[role=status]');
    await notes.waitFor();
    if (health.notes.length) assert.deepEqual(await notes.locator('li').allTextContents(), health.notes);
    assert.ok((await page.locator('.tile').allTextContents()).some((t) => t.includes(health.version)));
    const name = Object.keys(health.counters)[0];
    await page.getByLabel('Find a counter').fill(name);
    assert.equal(await page.locator('.counters th').first().textContent(), name);
  });
});

test('health: what a sensor lost and what helps, room with what it is for, counters with their meaning', async () => {
  const health = await it.get('health');
  await it.page('?tab=health', async (page) => {
    const sensors = page.getByRole('region', { name: 'Sensors' });
    await sensors.locator('.sensor, .hint').first().waitFor();
    const room = page.getByRole('region', { name: 'Queues and room' });
    for (const q of [...health.queues.map((one) => one.name), 'journal', 'disk'])
      assert.equal(await room.getByRole('meter', { name: `queue ${q}`, exact: true }).count(), 1, q);
    const [name, meaning] = Object.entries(health.meanings)[0];
    await page.getByLabel('Find a counter').fill(meaning);
    assert.equal(await page.locator('.counters th').first().textContent(), name);
    if (it.base === process.env.WIRELUME_URL) return;
    const text = await sensors.textContent();
    assert.match(text, /14 packets dropped by the kernel: its ring was full \(mend: .*buffer_size_mb/);
    assert.match(text, /eth0/);
    assert.match(text, /worker 2/);
  });
});

test('nothing found: why, and ways out', onlyMock, async () => {
  await it.page('?q=source_ip:192.0.2.1&range=1h&refresh=off', async (page) => {
    const banner = page.locator('.banner');
    await banner.waitFor();
    assert.match(await banner.textContent(), /No message fits the query in this range/);
    await banner.getByRole('button', { name: 'Last 24 hours' }).click();
    assert.equal(await param(page, 'range'), '24h');
    await banner.getByRole('button', { name: 'Clear the query' }).click();
    await until(page, () => !document.querySelector('.banner'));
  });
  await it.page('?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z&refresh=off', async (page) => {
    await page.getByRole('button', { name: 'Show the newest data' }).click();
    await until(page, () => !document.querySelector('.banner') && document.querySelectorAll('.bar-row').length > 5);
  });
});

test('a server that fails: its words, and another try', onlyMock, async () => {
  await it.dev('fail', { status: 503, body: { error: { text: 'the store is locked by another process' } } });
  try {
    await it.page('?refresh=off', async (page) => {
      const banner = page.locator('.banner.trouble');
      await banner.waitFor();
      assert.match(await banner.textContent(), /the store is locked by another process/);
      await it.dev('fail', {});
      await banner.getByRole('button', { name: 'Try again' }).click();
      await drawn(page);
      await until(page, () => !document.querySelector('.banner'));
    });
  } finally {
    await it.dev('fail', {});
  }
});

test('a server that is gone: said, and the numbers stay', onlyMock, async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    const before = await page.locator('.big').first().textContent();
    await page.route('**/api/v1/query', (route) => route.abort());
    await page.keyboard.press('r');
    await page.locator('.banner.trouble').waitFor();
    assert.match(await page.locator('.banner').textContent(), /cannot be reached/);
    assert.equal(await page.locator('.big').first().textContent(), before);
    assert.ok((await page.locator('.card.old').count()) > 0);
  });
});

test('one widget that fails leaves the others', onlyMock, async () => {
  const error = { text: 'the field event_observer_uid is a list in some messages', line: 1, column: 3 };
  try {
    await it.page('?refresh=off', async (page) => {
      await drawn(page);
      await it.dev('fail', { answers: { 1: { error } } });
      await page.keyboard.press('r');
      await card(page, 'Agents Reporting').getByRole('alert').waitFor();
      assert.match(await card(page, 'Agents Reporting').textContent(), /is a list in some messages/);
      assert.equal(await card(page, 'Message Count Over Time').locator('.u-over').count(), 1);
    });
  } finally {
    await it.dev('fail', {});
  }
});
