// For everybody: axe finds nothing serious, and all can be done with keys alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { drawn, param, stage, until } from './browser.mjs';

const it = stage();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function serious(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations
    .filter((v) => ['serious', 'critical'].includes(v.impact))
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(' | ')}`);
}
const tabs = ['packetbeat-overview', 'packetbeat-network-flow-overview', 'packetbeat-http-overview', 'messages', 'agents', 'health'];

for (const colorScheme of ['light', 'dark'])
  test(`axe, ${colorScheme}`, async () => {
    for (const tab of tabs)
      await it.page(`?tab=${tab}&refresh=off`, async (page) => {
        await page.waitForSelector('.card');
        await drawn(page);
        assert.deepEqual(await serious(page), [], tab);
      }, { colorScheme });
  });

test('axe, with things open', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    await page.locator('.bar-row').first().click();
    assert.deepEqual(await serious(page), [], 'menu');
    await page.keyboard.press('Escape');
    await page.keyboard.press('t');
    assert.deepEqual(await serious(page), [], 'range');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    assert.deepEqual(await serious(page), [], 'help');
  });
  await it.page('?tab=messages&refresh=off', async (page) => {
    await page.locator('.time-cell button').first().click();
    await page.locator('.field-group').first().waitFor();
    assert.deepEqual(await serious(page), [], 'a message');
    await page.keyboard.press('/');
    await page.keyboard.type('source');
    await page.locator('#choices li').first().waitFor();
    assert.deepEqual(await serious(page), [], 'completion');
  });
});

test('keys alone: to a value, its menu, the query', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    const onBar = () => page.evaluate(() => document.activeElement.classList.contains('bar-row'));
    for (let i = 0; i < 80 && !(await onBar()); i++) await page.keyboard.press('Tab');
    assert.ok(await onBar(), 'a bar is reached with Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await until(page, () => location.search.includes('NOT'));
    assert.match(await param(page, 'q'), /^NOT vendor_subtype:/);
    await drawn(page);
  });
});

test('a menu gives the focus back', async () => {
  await it.page('?refresh=off', async (page) => {
    await drawn(page);
    const bar = page.locator('.bar-row').nth(2);
    await bar.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('Escape');
    await until(page, () => document.activeElement === document.querySelectorAll('.bar-row')[2]);
  });
});

test('nothing moves for who wants no motion', async () => {
  await it.page('', async (page) => {
    await drawn(page);
    const moving = await page.evaluate(() => document.getAnimations().length);
    assert.equal(moving, 0);
  }, { reducedMotion: 'reduce' });
});
