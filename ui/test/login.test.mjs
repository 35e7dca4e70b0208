// A server that wants to know who asks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawn, onlyMock, stage } from './browser.mjs';

const it = stage({ login: true });

test('log in, be sent back when the session ends, log out', onlyMock, async () => {
  await it.page('?tab=packetbeat-http-overview', async (page) => {
    const enter = async (password) => {
      await page.getByLabel('User').fill('anna');
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Log in' }).click();
    };
    await page.getByLabel('User').waitFor();
    assert.equal(await page.locator('.card .big').count(), 0);
    await enter('wrong');
    await page.getByRole('alert').waitFor();
    assert.match(await page.getByRole('alert').textContent(), /wrong/);
    await enter('secret');
    await drawn(page);
    assert.match(page.url(), /packetbeat-http-overview/);
    await page.context().clearCookies();
    await page.keyboard.press('r');
    await page.getByLabel('Password').waitFor();
    await enter('secret');
    await drawn(page);
    await page.getByRole('button', { name: 'Log out anna' }).click();
    await page.getByLabel('Password').waitFor();
  });
});
