// The three tabs of a server as pictures, light and dark. Usage: pictures.mjs URL FOLDER
import { chromium } from 'playwright-core';

const [url, folder] = process.argv.slice(2);
const names = ['overview', 'flows', 'http'];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
for (const theme of ['light', 'dark']) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: theme });
  await page.goto(url);
  for (const [i, name] of names.entries()) {
    await page.waitForSelector('.card');
    await page.keyboard.press(String(i + 1));
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `${folder}/${name}-${theme}.png` });
  }
  await page.close();
}
await browser.close();
