/** What wirelume's sensors tell of themselves: what they took, what was lost, where, and what helps. */
import { api, type Message, type MessagesAnswer } from '../api';
import { tick } from '../live';
import { agentField } from '../state';
import { Trouble } from '../parts/states';
import { agoText } from '../time';
import { bytes, duration, number, shown } from '../units';
import { usePolled } from './polled';

/** Names of a sensor's own messages as the Packetbeat pack gives them. */
const prefix = 'packetbeat_sensor_';
const request = { range: 3600, query: 'vendor_subtype:sensor', ask: [{ id: 's', kind: 'messages', limit: 100 }] };

interface Loss {
  name: string;
  text: string;
  mend: string;
}
const losses: Loss[] = [
  { name: 'capture_kernel_drops', text: 'packets dropped by the kernel: its ring was full', mend: 'a larger buffer_size_mb, more workers, or a bpf_filter' },
  { name: 'flow_refused', text: 'packets of flows without memory', mend: 'a larger limits.memory' },
  { name: 'flow_evicted', text: 'flows ended early: the table was full', mend: 'a larger limits.memory' },
  { name: 'tcp_buffer_refused', text: 'TCP segments dropped: stream memory was full', mend: 'a larger limits.memory' },
  { name: 'tcp_gaps', text: 'holes in TCP streams', mend: 'is all of the traffic mirrored to this interface?' },
  { name: 'defrag_evicted', text: 'IP datagrams given up: fragment memory was full', mend: 'a larger limits.memory' },
  { name: 'scratch_full', text: 'events incomplete: temporary memory was full', mend: 'a larger limits.memory' },
  { name: 'events_queue_full', text: 'events dropped: the queue to the output was full', mend: 'a faster output, or a queue on disk (queue.disk)' },
  { name: 'events_no_memory', text: 'events dropped without memory', mend: 'a larger limits.memory' },
  { name: 'output_dropped', text: 'events that the output gave up', mend: 'a queue on disk (queue.disk)' },
  { name: 'events_failed', text: 'events that the output could not write', mend: 'see the log of the sensor' },
];

const num = (m: Message, name: string): number => (typeof m[prefix + name] === 'number' ? (m[prefix + name] as number) : 0);
/** Of a list of workers or interfaces: its parts, as far as the message has them. */
function partsOf(m: Message, list: string): { name: string; packets: number; drops: number }[] {
  const found = [];
  for (let i = 0; typeof m[`${prefix}${list}_${i}_packets`] === 'number'; i++) {
    const own = m[`${prefix}${list}_${i}_name`];
    found.push({ name: own ? shown(own) : `worker ${i + 1}`, packets: num(m, `${list}_${i}_packets`), drops: num(m, `${list}_${i}_drops`) });
  }
  return found;
}
const share = (part: number, whole: number): string => (part > 0 ? ` (${Number(((100 * part) / whole).toPrecision(2))} %)` : '');

function Lost({ message }: { message: Message }) {
  const found = losses.filter((l) => num(message, l.name) > 0);
  if (found.length === 0) return <p class="notes good">Nothing is lost.</p>;
  return (
    <ul class="notes">
      {found.map((l) => (
        <li key={l.name}>
          {number(num(message, l.name))} {l.text} (mend: {l.mend})
        </li>
      ))}
    </ul>
  );
}
function Sensor({ message, now }: { message: Message; now: number }) {
  const parts = [...partsOf(message, 'interfaces'), ...partsOf(message, 'workers')];
  const [packets, drops] = [num(message, 'capture_packets'), num(message, 'capture_kernel_drops')];
  const seen = Date.parse(`${String(message['timestamp']).replace(' ', 'T')}Z`);
  return (
    <div class="sensor">
      <h3>
        {shown(message['source'])} <small>{Number.isFinite(seen) ? agoText(seen, now) : ''}</small>
      </h3>
      <Lost message={message} />
      <p>
        {number(packets)} packets in {duration(num(message, 'uptime') / 1000)}, {number(drops)} dropped by the kernel
        {share(drops, packets + drops)}; {number(num(message, 'events_emitted'))} events, {number(num(message, 'output_acked'))}{' '}
        acknowledged; {bytes(num(message, 'memory'))} of memory at most.
      </p>
      <table class="values parts">
        <thead>
          <tr>
            <th scope="col">Interface, worker</th>
            <th scope="col" class="numeric-cell">
              Packets
            </th>
            <th scope="col" class="numeric-cell">
              Dropped
            </th>
          </tr>
        </thead>
        <tbody>
          {parts.map((p) => (
            <tr key={p.name}>
              <td>{p.name}</td>
              <td class="numeric-cell">{number(p.packets)}</td>
              <td class={`numeric-cell ${p.drops ? 'bad' : ''}`}>{number(p.drops)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

async function ask(): Promise<Message[]> {
  const answer = (await api.query(request)).answers['s'] as unknown as MessagesAnswer & { error?: { text: string } };
  if (answer.error) throw new Error(answer.error.text);
  const latest = new Map<unknown, Message>();
  for (const { message } of answer.rows) {
    const id = message[agentField.value ?? 'event_observer_uid'];
    if (!latest.has(id)) latest.set(id, message);
  }
  return [...latest.values()];
}
export function Sensors() {
  const { data, failure } = usePolled(ask);
  return (
    <section class="card wide" aria-labelledby="sensors">
      <header>
        <h2 id="sensors">Sensors</h2>
      </header>
      {failure.value && <Trouble failure={failure.value} />}
      {data.value?.length === 0 && (
        <p class="hint">
          No sensor of wirelume has told of itself within the last hour. One does every 30 s while it captures (
          <code>health.enabled</code>); Packetbeat does not.
        </p>
      )}
      {data.value?.map((m) => <Sensor key={String(m['gl2_message_id'])} message={m} now={tick.value?.t ?? Date.now()} />)}
    </section>
  );
}
