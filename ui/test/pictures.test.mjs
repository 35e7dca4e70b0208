// Cards as pictures, and the marks of moments when messages were lost.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { card, drawn, now, onlyMock, stage, until } from './browser.mjs';

const it = stage();

/** How large a picture is, and how many colours it has. */
const look = (page, bytes) =>
  page.evaluate(async (text) => {
    const data = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([data], { type: 'image/png' }));
    const canvas = document.createElement('canvas');
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    const c = canvas.getContext('2d');
    c.drawImage(bitmap, 0, 0);
    const { data: pixels } = c.getImageData(0, 0, canvas.width, canvas.height);
    return { width: bitmap.width, height: bitmap.height, colours: new Set(new Uint32Array(pixels.buffer)).size };
  }, bytes.toString('base64'));

test('each card can be saved as a picture of what it shows', async () => {
  await it.page('?refresh=off', async (page) => {
    for (const tab of ['1', '2', '3']) {
      await page.locator('.tabs a').nth(Number(tab) - 1).click();
      await drawn(page);
      for (const own of await page.locator('.card').all()) {
        const name = await own.locator('h2').textContent();
        const save = own.getByRole('button', { name: 'Save as PNG' });
        if ((await save.count()) === 0) continue;
        const [file] = await Promise.all([page.waitForEvent('download'), save.click()]);
        assert.match(file.suggestedFilename(), /^[a-z0-9-]+\.png$/);
        const picture = await look(page, await readFile(await file.path()));
        const { width } = await own.boundingBox();
        assert.ok(Math.abs(picture.width - 2 * (width + 24)) <= 2, `${name}: ${picture.width} for ${width}`);
        assert.ok(picture.colours > 8, `${name}: ${picture.colours} colours`);
      }
    }
  });
});

test('charts mark when messages were lost', onlyMock, async () => {
  await it.page('?tab=agents', async (page) => {
    const at = now - 600e3;
    await page.route('**/api/v1/health', async (route) => {
      const health = await (await route.fetch()).json();
      const history = [{ t: at, received: 10, stored: 3, dropped: 7 }];
      await route.fulfill({ json: { ...health, history } });
    });
    await page.goto(`${it.base}?refresh=off`);
    await drawn(page);
    const over = card(page, 'Message Count Over Time').locator('.u-over');
    const { width } = await over.boundingBox();
    await over.hover({ position: { x: width - 4, y: 20 } });
    await until(page, () => [...document.querySelectorAll('.readout')].some((r) => r.textContent.includes('7 dropped')));
  });
});
