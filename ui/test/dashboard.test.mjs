// The dashboard shows what its file says: tabs, widgets, places, and the numbers of the data.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { card, drawn, grouped, onlyMock, param, slug, stage, until } from './browser.mjs';

const it = stage();
const tabsOf = async () => (await it.get('dashboards/packetbeat')).tabs;

test('each tab shows its widgets, sixteen in all', async () => {
  const tabs = await tabsOf();
  assert.equal(tabs.flatMap((t) => t.widgets).length, 16);
  await it.page('', async (page) => {
    for (const tab of tabs) {
      await page.getByRole('link', { name: tab.title }).click();
      await drawn(page);
      assert.deepEqual(await page.locator('.card h2').allTextContents(), tab.widgets.map((w) => w.title));
    }
  });
});

test('widgets stand where the dashboard says and all are seen at 1440 x 900', async () => {
  for (const tab of await tabsOf()) {
    await it.page(`?tab=${slug(tab.title)}`, async (page) => {
      await drawn(page);
      const high = await page.evaluate(() => document.documentElement.scrollHeight);
      assert.ok(high <= 900, `${tab.title} is ${high} px high`);
      const grid = await page.locator('.grid').boundingBox();
      for (const w of tab.widgets) {
        const box = await card(page, w.title).boundingBox();
        assert.equal(Math.round(((box.x - grid.x) / grid.width) * 12) + 1, w.position[0], `column of ${w.title}`);
        assert.ok(Math.abs((box.width / grid.width) * 12 - w.position[2]) < 0.25, `width of ${w.title}`);
        assert.ok(box.y + box.height <= 900, `${w.title} ends at ${box.y + box.height}`);
      }
    });
  }
});

test('each widget is drawn as its kind', async () => {
  const marks = { numeric: '.big', pie: '.slice', table: 'table.values', area: '.u-over' };
  for (const tab of await tabsOf()) {
    await it.page(`?tab=${slug(tab.title)}`, async (page) => {
      await drawn(page);
      for (const w of tab.widgets) {
        const mark = w.rows?.time ? '.u-over' : (marks[w.visualization] ?? '.bar-row');
        assert.ok((await card(page, w.title).locator(mark).count()) > 0, `${w.title}: no ${mark}`);
      }
    });
  }
});

test('numbers are those of the data', async () => {
  const count = await it.ask({ kind: 'value', metric: 'count()', previous: true });
  const sources = await it.ask({ kind: 'terms', field: 'source_reference', metric: 'count()', limit: 5 });
  await it.page('', async (page) => {
    await drawn(page);
    assert.equal(await card(page, 'Packetbeat Message Count').locator('.big').textContent(), grouped(count.value));
    const change = grouped(Math.abs(count.value - count.previous));
    const trend = await card(page, 'Packetbeat Message Count').locator('.trend').textContent();
    assert.ok(trend.includes(change) && trend.includes('%') === count.previous > 0, trend);
    const rows = card(page, 'Top 5 Sources by Message Count').locator('.bar-row');
    assert.deepEqual(await rows.locator('.bar-key').allTextContents(), sources.rows.map((r) => String(r.key)));
    assert.deepEqual(await rows.locator('.bar-value').allTextContents(), sources.rows.map((r) => grouped(r.value)));
  });
});

test('bytes are told as bytes, and what the limit leaves out as others', async () => {
  const query = 'vendor_subtype:flow AND vendor_flow_final:true';
  const bytes = await it.ask({ kind: 'terms', field: 'source_reference', metric: 'sum(network_bytes)', limit: 10, query });
  const ports = await it.ask({ kind: 'terms', field: 'destination_port', metric: 'count()', limit: 10, query });
  await it.page('?tab=packetbeat-network-flow-overview', async (page) => {
    await drawn(page);
    const texts = await card(page, 'Top 10 Sources by Network Bytes').locator('.bar-value').allTextContents();
    assert.equal(texts.length, bytes.rows.length);
    for (const text of texts) assert.match(text, /^[\d.]+ ([kMGT]?B)$/);
    const legend = await card(page, 'Top 10 Destination Ports').locator('.legend-label').allTextContents();
    assert.deepEqual(legend, [...ports.rows.map((r) => String(r.key)), ...(ports.other ? ['(others)'] : [])]);
  });
});

test('a tab is one request', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    const asked = [];
    page.on('request', (r) => r.url().includes('/api/v1/query') && asked.push(r.postDataJSON()));
    await page.getByRole('link', { name: 'Packetbeat HTTP Overview' }).click();
    await card(page, 'HTTP Request Methods').locator('.slice').first().waitFor();
    assert.equal(asked.length, 1);
    assert.equal(asked[0].ask.length, 5);
    await page.getByRole('button', { name: 'Theme: auto' }).click();
    await page.getByRole('button', { name: 'Go on (.)' }).click();
    await page.getByRole('button', { name: 'Pause (.)' }).click();
    await card(page, 'HTTP Request Methods').getByRole('button', { name: 'Fill the page' }).click();
    await page.keyboard.press('Escape');
    await until(page, () => document.querySelectorAll('.card').length === 5);
    assert.equal(asked.length, 1, 'what changes only how it looks asks nothing');
    assert.equal(asked[0].stream, (await it.get('dashboards/packetbeat')).stream);
  });
});

test('the frame is there before the data', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    let open = () => {};
    const gate = new Promise((done) => (open = done));
    await page.route('**/api/v1/query', async (route) => {
      await gate;
      await route.continue();
    });
    await page.reload();
    await card(page, 'Agents Reporting').locator('.skeleton').waitFor();
    assert.ok(await page.getByLabel('Query').isVisible());
    open();
    await drawn(page);
  });
});

test('values of the data are text, never markup', onlyMock, async () => {
  await it.page('?tab=packetbeat-http-overview&q=http_user_agent:*onerror*', async (page) => {
    await drawn(page);
    const rare = card(page, 'Top 10 Rarest HTTP User Agents');
    assert.equal(await rare.locator('td button').first().textContent(), '<img src=x onerror="window.hacked=1">');
    assert.equal(await rare.locator('img').count(), 0);
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  });
  await it.page('?tab=packetbeat-http-overview&q=http_user_agent:*bold*', async (page) => {
    await drawn(page);
    const text = await card(page, 'Top 10 HTTP User Agents').locator('td button').first().textContent();
    assert.equal(text, '<b>bold</b>"; DROP TABLE⟨202E⟩moc', 'a sign that turns text around is told by its number');
  });
});

test('both themes: as the system has it, or as the address says', async () => {
  const theme = (page) => page.evaluate(() => document.documentElement.dataset.theme);
  await it.page('', async (page) => assert.equal(await theme(page), 'dark'), { colorScheme: 'dark' });
  await it.page('?theme=light', async (page) => assert.equal(await theme(page), 'light'), { colorScheme: 'dark' });
  await it.page('', async (page) => {
    await drawn(page);
    assert.equal(await theme(page), 'light');
    const paint = () => page.locator('.card').first().evaluate((e) => getComputedStyle(e).backgroundColor);
    const light = await paint();
    await page.getByRole('button', { name: 'Theme: auto' }).click();
    await page.getByRole('button', { name: 'Theme: light' }).click();
    await until(page, () => document.documentElement.dataset.theme === 'dark');
    assert.notEqual(await paint(), light);
    assert.equal(await param(page, 'theme'), 'dark');
  });
});

test('usable at 360 px: nothing stands out at the side, is cut or lies on something else', async () => {
  const tabs = await tabsOf();
  for (const name of [...tabs.map((t) => slug(t.title)), 'messages', 'agents', 'health']) {
    await it.page(`?tab=${name}`, async (page) => {
      await page.waitForSelector('.card');
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${name} is ${wide} px wide`);
      await drawn(page);
      const [cut, over] = await page.evaluate(() => {
        const box = (e) => e.getBoundingClientRect();
        const cards = [...document.querySelectorAll('.card, .list-line, .tile')];
        const meet = (a, b) => box(a).bottom > box(b).top + 1 && box(b).bottom > box(a).top + 1 && box(a).right > box(b).left + 1 && box(b).right > box(a).left + 1;
        const out = (e) => box(e).bottom > box(e.closest('.card')).bottom + 1;
        return [[...document.querySelectorAll('.card h2')].filter((h) => h.scrollWidth > h.clientWidth).map((h) => h.textContent),
          [...cards.filter((c, i) => cards.slice(i + 1).some((d) => meet(c, d))), ...[...document.querySelectorAll('.card canvas')].filter(out)].map((e) => e.textContent.slice(0, 40))];
      });
      assert.deepEqual([cut, over], [[], []], name);
    }, { width: 360, height: 740, hasTouch: true, isMobile: true });
  }
});

test('a dashboard with a sankey: places and bands, from the pairs', onlyMock, async () => {
  await it.page('?dashboard=paths', async (page) => {
    await page.locator('.sankey-node').first().waitFor();
    assert.ok((await page.locator('.band').count()) > 5);
    await page.locator('.sankey-node', { hasText: '443' }).first().click();
    await page.getByRole('menuitem', { name: 'Add to query' }).click();
    assert.equal(await param(page, 'q'), 'destination_port:443');
  });
});
