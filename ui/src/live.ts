/** What the server tells by itself: how much has come, and so when to ask again. */
import { effect, signal } from '@preact/signals';
import { api, type Tick } from './api';
import { lastAsked, lastTook } from './question';
import { needsLogin, range, refreshNow, sampleRange, session, usualSeconds, view } from './state';
import { isRelative, lastSeconds } from './time';

export const tick = signal<Tick | null>(null);
/** Messages per second between the last two ticks. */
export const rate = signal<number | null>(null);
export const connected = signal(false);
/** What is shown is the capture that comes with the program. */
export const sample = signal(false);
/** When the receiver dropped messages within the last hour, and how many: charts mark it. */
export const drops = signal<{ t: number; n: number }[]>([]);
/** Set while somebody is reading or dragging: nothing may move under the hand. */
export const held = signal(false);
/** Set while older pages of a list are open, which new messages would shift. */
export const reading = signal(false);

const fastest_ms = 2000;
const slowest_ms = 15000;
/** Asking may take a tenth of the server's time, as long as that is not slower than slowest_ms. */
const share = 10;
/** A message that is counted as stored is seen by queries within this time. */
const visible_ms = 1000;

let timer: number | undefined;
let seen = -1;

const mayAsk = (): boolean =>
  !document.hidden && !held.value && !reading.value && isRelative(range.value) && view.value.refresh !== 'off';

function askSoon(): void {
  if (timer !== undefined) return;
  const wait = Math.min(slowest_ms, Math.max(fastest_ms, share * lastTook.peek()));
  timer = window.setTimeout(
    () => {
      timer = undefined;
      if (mayAsk()) refreshNow();
    },
    Math.max(visible_ms, lastAsked.peek() + wait - Date.now()),
  );
}
/** The sample capture is old: what the usual range would not show is shown when nothing else is asked for. */
function showSample({ t, latest }: Tick): void {
  const length = usualSeconds.value * 1000;
  if (!sample.value || !latest || latest > t - length || sampleRange.peek()) return;
  const to = Math.ceil((latest + 1) / 60e3) * 60e3;
  sampleRange.value = { from: to - length, to };
}
/** The server tells in steps of this time. */
const step_ms = 10e3;
let drops_timer: number | undefined;

async function readHealth(): Promise<void> {
  const h = await api.health().catch(() => null);
  if (!h) return;
  sample.value = h.sample === true;
  drops.value = h.history.filter((p) => p.dropped > 0).map((p) => ({ t: p.t, n: p.dropped }));
}
function readDropsSoon(): void {
  drops_timer ??= window.setTimeout(() => {
    drops_timer = undefined;
    void readHealth();
  }, 1.2 * step_ms);
}

function onTick(next: Tick): void {
  const before = tick.peek();
  if (before && next.dropped > before.dropped) readDropsSoon();
  if (before && next.t > before.t)
    rate.value = Math.max(0, ((next.received - before.received) * 1000) / (next.t - before.t));
  tick.value = next;
  showSample(next);
  if (next.stored === seen) return;
  const first = seen < 0;
  seen = next.stored;
  if (!first && view.value.refresh === 'live' && mayAsk()) askSoon();
}
function readTick(text: string): void {
  try {
    onTick(JSON.parse(text) as Tick);
  } catch {
    connected.value = false;
  }
}

const again_ms = 5000;
/** Counts up when the stream has ended for good and is to be opened anew. */
const tries = signal(0);

/** Listen for as long as there is a session; the browser connects again by itself. */
export function listen(): void {
  effect(() => {
    if (session.value === null || needsLogin.value) return undefined;
    tries.value;
    const source = api.live();
    let later: number | undefined;
    source.onopen = () => (connected.value = true);
    source.onerror = () => {
      connected.value = false;
      if (source.readyState === EventSource.CLOSED) later = window.setTimeout(() => tries.value++, again_ms);
    };
    source.addEventListener('tick', (e) => {
      connected.value = true;
      readTick((e as MessageEvent<string>).data);
    });
    return () => {
      clearTimeout(later);
      source.close();
    };
  });
  effect(() => {
    if (session.value === null || needsLogin.value) return;
    void readHealth();
  });
  effect(() => {
    const every = lastSeconds(view.value.refresh);
    if (every === null) return undefined;
    const clock = setInterval(() => mayAsk() && refreshNow(), every * 1000);
    return () => clearInterval(clock);
  });
}
