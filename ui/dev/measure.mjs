// How long a server's dashboard takes in Chromium, as JSON: the first paint of fresh pages, and each tab
// from the key that opens it until all its widgets are drawn. Usage: measure.mjs URL
import { chromium } from 'playwright-core';

const [url] = process.argv.slice(2);
const times = 5;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

async function firstPaint() {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  await page.waitForSelector('.card');
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime);
  await page.close();
  return paint;
}

/** In the page, so that no message between processes is measured. */
const open = (page, key) =>
  page.evaluate((k) => new Promise((done) => {
    const start = performance.now();
    const title = document.querySelectorAll('.tabs a')[k - 1];
    const look = () => {
      const cards = document.querySelectorAll('.card');
      const drawn = title.getAttribute('aria-current') && cards.length > 0 && !document.querySelector('.card .skeleton');
      if (drawn && !document.querySelector('.progress.on')) requestAnimationFrame(() => done(performance.now() - start));
      else requestAnimationFrame(look);
    };
    document.dispatchEvent(new KeyboardEvent('keydown', { key: String(k), bubbles: true }));
    requestAnimationFrame(() => requestAnimationFrame(look));
  }), key);

const paint = [];
for (let i = 0; i < times; i++) paint.push(await firstPaint());
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(`${url}?refresh=off`);
await page.waitForSelector('.card');
await page.waitForFunction(() => document.querySelectorAll('.tabs a').length > 3); // the dashboard's come first
const names = (await page.locator('.tabs a').allTextContents()).slice(0, 3);
const tabs = Object.fromEntries(names.map((name) => [name, []]));
for (let round = 0; round <= times; round++) {
  for (const [i, name] of names.entries()) {
    const took = await open(page, i + 1);
    if (round > 0) tabs[name].push(took); // the first round warms
  }
}
console.log(JSON.stringify({ paint, tabs }));
await browser.close();
