/** How the receiver does: what is wrong and how to mend it first, then the numbers. */
import { signal } from '@preact/signals';
import { api, type Health } from '../api';
import { Plot } from '../parts/plot';
import { Legend } from '../parts/legend';
import { Trouble } from '../parts/states';
import { say } from '../parts/toast';
import { sample } from '../live';
import { failureOf, refreshNow, sampleRange } from '../state';
import { bytes, duration, number } from '../units';
import { usePolled } from './polled';
import { Sensors } from './sensors';

const wanted = signal('');
const removing = signal(false);

const Notes = ({ notes }: { notes: string[] }) =>
  notes.length === 0 ? (
    <p class="notes good" role="status">
      Nothing is wrong.
    </p>
  ) : (
    <div role="status">
      <ul class="notes">
        {notes.map((n) => (
          <li key={n}>{n}</li>
        ))}
      </ul>
    </div>
  );

async function removeSample(): Promise<void> {
  removing.value = true;
  try {
    const { removed } = await api.removeSample();
    sample.value = false;
    sampleRange.value = null;
    say(`${number(removed)} messages of the sample are removed`);
    refreshNow();
  } catch (e) {
    say(failureOf(e).text);
  }
  removing.value = false;
}
const Sample = () => (
  <div class="banner sample-banner" role="status">
    <p>
      Among the messages are those of the capture that comes with wirelume (<code>packetbeat_tags:wirelume-sample</code>).
    </p>
    <button class="button" disabled={removing.value} onClick={() => void removeSample()}>
      {removing.value ? 'Removing…' : 'Remove the sample'}
    </button>
  </div>
);

const listening = (h: Health): string =>
  (h.inputs ?? []).map((i) => `${i.name.replace('_', ' ')} ${i.port}${i.tls ? ' (TLS)' : ''}`).join(', ');

const Tile = ({ name, text, note }: { name: string; text: string; note?: string }) => (
  <div class="tile">
    <span>{name}</span>
    <b>{text}</b>
    {note && <small>{note}</small>}
  </div>
);
function Tiles({ health }: { health: Health }) {
  const { disk } = health;
  const last = health.history.at(-1);
  const lost = health.history.reduce((n, h) => n + h.dropped, 0);
  return (
    <div class="tiles">
      <Tile name="Version" text={health.version} note={listening(health) && `receives ${listening(health)}`} />
      <Tile name="Running for" text={duration(health.uptime_s)} />
      {last && <Tile name="Stored, last 10 s" text={number(last.stored)} note={`${number(last.received)} received`} />}
      <Tile name="Dropped, last hour" text={number(lost)} />
      {health.memory_bytes !== undefined && <Tile name="Memory, the most so far" text={bytes(health.memory_bytes)} />}
      {disk && <Tile name="Disk free" text={bytes(disk.free_bytes)} note={`${bytes(disk.used_bytes)} used, ${disk.path}`} />}
    </div>
  );
}

function History({ health }: { health: Health }) {
  const { history } = health;
  if (history.length === 0) return null;
  const lines = [
    { label: 'received', colour: '--series-1', values: history.map((h) => h.received) },
    { label: 'stored', colour: '--series-3', values: history.map((h) => h.stored) },
    { label: 'dropped', colour: '--status-5', values: history.map((h) => h.dropped) },
  ];
  return (
    <section class="card wide" aria-labelledby="history">
      <header>
        <h2 id="history">Messages of the last hour, each 10 s</h2>
      </header>
      <div class="history">
        <Plot
          times={history.map((h) => h.t)}
          interval_ms={10e3}
          lines={lines}
          style="line"
          stacked={false}
          unit={null}
          label="Messages received, stored and dropped in the last hour"
          onZoom={() => {}}
          onBack={() => {}}
          onBucket={() => {}}
        />
      </div>
      <Legend
        entries={lines.map((l) => ({ label: l.label, colour: l.colour, text: number(l.values.reduce((a, b) => a + b, 0)) }))}
        only={null}
        onIsolate={() => {}}
      />
    </section>
  );
}

const nearly_full = 0.8;
const Meter = ({ name, used, size }: { name: string; used: number; size: number }) => {
  const share = size > 0 ? Math.min(1, used / size) : 0;
  return (
    <div
      class={`meter ${share >= nearly_full ? 'full' : ''}`}
      role="meter"
      aria-label={name}
      aria-valuemin={0}
      aria-valuemax={size}
      aria-valuenow={used}
    >
      <span style={{ width: `${share * 100}%` }} />
    </div>
  );
};

interface Gauge {
  name: string;
  used: number;
  size: number;
  text: (n: number) => string;
  why: string;
}
const whys: Record<string, string> = {
  'batches of messages': 'received, not yet stored: when full, senders over TCP wait and GELF over UDP is dropped (intake: batches)',
  queries: 'questions at work or waiting: when full, more are refused for a moment (web: threads, queue)',
  connections: 'browsers and programs that are connected: when full, more are refused (web: connections)',
};
function gaugesOf({ queues, journal, disk }: Health): Gauge[] {
  const all: Gauge[] = queues.map((q) => ({ ...q, text: number, why: whys[q.name] ?? '' }));
  if (journal?.size)
    all.push({ name: 'journal', used: journal.bytes, size: journal.size, text: bytes, why: `${number(journal.unsealed_records)} messages that are stored and not yet in the files of indices: when full, nothing is taken (output.store: journal)` });
  if (disk?.size_bytes)
    all.push({ name: 'disk', used: disk.size_bytes - disk.free_bytes, size: disk.size_bytes, text: bytes, why: `all of ${disk.path}: less retention (wirelume index-set set), or a larger disk` });
  return all;
}
const Queues = ({ health }: { health: Health }) => (
  <section class="card wide" aria-labelledby="queues">
    <header>
      <h2 id="queues">Queues and room</h2>
    </header>
    <ul class="queues">
      {gaugesOf(health).map(({ name, used, size, text, why }) => (
        <li key={name}>
          <span>{name}</span>
          <Meter name={`queue ${name}`} used={used} size={size} />
          <small>
            {text(used)} of {text(size)}
          </small>
          {why && <small class="why">{why}</small>}
        </li>
      ))}
    </ul>
  </section>
);

function Counters({ health }: { health: Health }) {
  const found = Object.entries(health.counters).filter(([name]) =>
    `${name} ${health.meanings?.[name] ?? ''}`.toLowerCase().includes(wanted.value.toLowerCase()),
  );
  return (
    <section class="card wide" aria-labelledby="counters">
      <header>
        <h2 id="counters">Counters</h2>
        <input
          type="search"
          placeholder="Find a counter"
          aria-label="Find a counter"
          value={wanted.value}
          onInput={(e) => (wanted.value = e.currentTarget.value)}
        />
      </header>
      <table class="values counters">
        <tbody>
          {found.map(([name, n]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="why">{health.meanings?.[name]}</td>
              <td class="numeric-cell">{number(n)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function HealthPage() {
  const { data, failure } = usePolled(api.health);
  const health = data.value;
  return (
    <div class="plain-page">
      <h1>Health</h1>
      {failure.value && <Trouble failure={failure.value} />}
      {!health && !failure.value && <div class="skeleton tall" role="status" aria-label="Loading" />}
      {health && (
        <>
          <Notes notes={health.notes} />
          {health.sample && <Sample />}
          <Tiles health={health} />
          <History health={health} />
          <Queues health={health} />
          <Sensors />
          <Counters health={health} />
        </>
      )}
    </div>
  );
}
