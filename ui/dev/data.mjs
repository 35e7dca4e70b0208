// Traffic of a small office, made up from a seed: two days, the same at every start.
const rules = { vendor_subtype: 'packetbeat common', source_ip: 'packetbeat common' };

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const agents = [
  { id: '0d245eab-3205-4f95-8b23-2878569f4dbd', name: 'web-1.example.net', version: '8.12.1' },
  { id: '4f1c7a62-09bb-4c1f-9a0e-31d2c1f5b6a7', name: 'db-1.example.net', version: '8.12.1' },
  { id: '9be2ad10-77d4-4f6c-8a55-6a0f4e3c2b11', name: 'gateway.example.net', version: '0.9.0' },
];
const inside = ['10.0.0.11', '10.0.0.12', '10.0.0.20', '10.0.0.31', '10.0.0.45', '10.0.1.7',
  'fe80::4fb:50ff:fe7e:81b1', '10.0.1.19', '10.0.2.2', '10.0.2.60', '10.0.3.3', '10.0.3.90'];
const outside = ['93.184.216.34', '3.218.180.17', '151.101.1.69', '2606:2800:220:1::1946',
  '140.82.121.4', '172.217.16.142', '104.16.132.229', '1.1.1.1', '9.9.9.9', '52.94.5.80'];
const ports = [[443, 50], [53, 24], [80, 9], [22, 4], [123, 4], [5432, 3], [3306, 2], [6379, 2],
  [5044, 1.5], [25, 1], [8080, 1], [9200, 0.7], [1883, 0.4], [2049, 0.3]];
const protocols = [['dns', 60], ['tls', 30], ['http', 22], ['icmp', 6], ['dhcpv4', 3], ['mysql', 3],
  ['pgsql', 3], ['redis', 2.5], ['mongodb', 1.5], ['memcache', 1], ['amqp', 0.8], ['cassandra', 0.6],
  ['nfs', 0.5], ['thrift', 0.3], ['sip', 0.3]];
const agentNames = [
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36', 40],
  ['curl/7.88.1', 22], ['python-requests/2.31.0', 12], ['Go-http-client/1.1', 9],
  ['Prometheus/2.45.0', 8], ['kube-probe/1.28', 6], ['Wget/1.21.3', 4], ['okhttp/4.12.0', 3],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0', 3],
  ['Debian APT-HTTP/1.3 (2.6.1)', 2], ['<img src=x onerror="window.hacked=1">', 1.2],
  ['<b>bold</b>"; DROP TABLE\u202emoc', 0.8], ['sqlmap/1.8', 0.4], ['Nikto/2.5.0', 0.3], ['masscan/1.3', 0.2]];
const codes = [[200, 70], [204, 8], [304, 8], [301, 3], [404, 6], [403, 1.5], [500, 1.2], [503, 0.6]];

function pick(rnd, table) {
  let at = rnd() * table.reduce((sum, row) => sum + row[1], 0);
  for (const [value, weight] of table) if ((at -= weight) < 0) return value;
  return table[0][0];
}
/** The first ones are taken more often than the last. */
const skewed = (rnd, list) => list[Math.floor(rnd() ** 2.6 * list.length)];

function common(rnd, t, n) {
  const agent = agents[Math.floor(rnd() ** 1.6 * agents.length)];
  const [from, to] = [skewed(rnd, inside), skewed(rnd, rnd() < 0.3 ? inside : outside)];
  return {
    timestamp: new Date(t).toISOString(), source: agent.name, message: '-',
    gl2_message_id: '01J' + n.toString(36).toUpperCase().padStart(23, '0'),
    streams: ['5d9c0000000000000000abcd'], beats_type: 'packetbeat', event_source_product: 'packetbeat',
    event_observer_uid: agent.id, event_observer_hostname: agent.name, vendor_version: agent.version,
    source_ip: from, source_reference: from, source_port: 32768 + Math.floor(rnd() * 28000),
    destination_ip: to, destination_reference: to, network_direction: 'outbound',
    packetbeat_agent_type: 'packetbeat', packetbeat_host_os_family: 'debian',
  };
}

const shapes = {
  flow(m, rnd) {
    m.destination_port = pick(rnd, ports);
    m.network_transport = pick(rnd, [['tcp', 60], ['udp', 38], ['icmp', 2]]);
    if ([53, 123].includes(m.destination_port)) m.network_transport = 'udp';
    m.vendor_flow_final = rnd() < 0.35;
    m.network_bytes = Math.round(Math.exp(5 + rnd() ** 2 * 11));
    m.network_packets = 2 + Math.floor(m.network_bytes / 900);
    m.gim_event_type_code = ['120500'];
    m.message = `flow ${m.network_transport} ${m.source_ip} -> ${m.destination_ip} ${m.network_bytes} bytes`;
  },
  http(m, rnd) {
    Object.assign(m, {
      destination_port: 80, network_transport: 'tcp', http_request_method: pick(rnd, [['GET', 80], ['POST', 14],
        ['HEAD', 4], ['PUT', 2], ['DELETE', 1]]), http_response_code: pick(rnd, codes),
      http_user_agent: pick(rnd, agentNames), http_uri: '/' + pick(rnd, [['index.html', 5], ['api/items', 4], ['health', 6]]),
      http_bytes: Math.round(Math.exp(5 + rnd() * 8)), vendor_event_duration: Math.round(Math.exp(13 + rnd() * 5)),
      gim_event_type_code: ['180200'], packetbeat_http_version: '1.1',
    });
    m.message = `${m.http_request_method} ${m.http_uri} ${m.http_response_code}`;
  },
  dns(m, rnd) {
    const name = pick(rnd, [['example.net', 4], ['dynamodb.us-east-1.amazonaws.com', 3], ['debian.org', 2]]);
    Object.assign(m, { destination_port: 53, network_transport: 'udp', query_request: name,
      query_record_type: 'A', query_result: 'NOERROR', gim_event_type_code: ['140000', '140200'],
      packetbeat_dns_answers_count: 1 });
    m.message = `dns answer A ${name} NOERROR`;
  },
};

/** Under this key a message has its time in ms; it is not told to anybody. */
export const at = Symbol('time');

function message(rnd, t, n) {
  const m = common(rnd, t, n);
  m[at] = t;
  m.vendor_subtype = rnd() < 0.8 ? 'flow' : pick(rnd, protocols);
  (shapes[m.vendor_subtype] ?? ((it) => (it.message = `${it.vendor_subtype} transaction`)))(m, rnd);
  return m;
}

/** `days` days of messages that end at `now` (ms): busier at day, oldest first. */
export function makeMessages(now, { count = 24000, days = 2, seed = 7 } = {}) {
  const rnd = random(seed);
  const times = [];
  while (times.length < count) {
    const t = now - rnd() ** 1.15 * days * 86400e3;
    const hour = (t / 3600e3) % 24;
    if (rnd() < 0.35 + 0.65 * Math.max(0, Math.sin(((hour - 5) / 16) * Math.PI))) times.push(t);
  }
  times.sort((a, b) => a - b);
  return times.map((t, n) => message(rnd, Math.floor(t), n));
}

/** What a sensor tells of itself, as the pack makes it. */
export const sensorMessage = (now) => ({
  gl2_message_id: '01JSENSOR', timestamp: new Date(now - 9e3).toISOString().replace('T', ' ').replace('Z', ''),
  [at]: now - 9e3, source: agents[2].name, message: 'sensor', event_observer_uid: agents[2].id, vendor_subtype: 'sensor',
  ...Object.fromEntries(Object.entries({ uptime: 93784000, memory: 61e6, capture_packets: 48210331, capture_kernel_drops: 14,
    tcp_gaps: 3, events_emitted: 171020, output_acked: 171020, interfaces_0_name: 'eth0', interfaces_0_packets: 48210331,
    interfaces_0_drops: 14, workers_0_packets: 25000000, workers_0_drops: 0, workers_1_packets: 23210331, workers_1_drops: 14,
  }).map(([name, value]) => [`packetbeat_sensor_${name}`, value])),
});

/** `count` messages of the last second before `now`. */
export function moreMessages(now, count, from) {
  const rnd = random(from);
  return Array.from({ length: count }, (_, i) => message(rnd, now - 1 - (i % 900), from + i));
}

export const rulesOf = (m) =>
  Object.fromEntries(Object.keys(m).filter((k) => !/^(packetbeat|gl2)_|^(timestamp|source|streams|beats_type)$/.test(k))
    .map((k) => [k, [rules[k] ?? `packetbeat ${m.vendor_subtype}`]]));

export const makeAgents = (messages, now) => ({
  agents: agents.map((agent, i) => {
    const own = messages.filter((m) => m.event_observer_uid === agent.id);
    const last = own.filter((m) => Date.parse(m.timestamp) > now - 60e3).length;
    return { ...agent, first_seen: Date.parse(own[0].timestamp), last_seen: Date.parse(own.at(-1).timestamp) - i * 400e3,
      messages_last_minute: last, rate: last / 60, drops: i === 2 ? 14 : i === 1 ? null : 0 };
  }),
});

export const schema = [
  ['timestamp', 'time', null, 'When the event took place.'],
  ['message', 'text', null, 'Short text of the event.'],
  ['network_bytes', 'int', 'bytes', 'Bytes in both directions.'],
  ['network_packets', 'int', 'packets', 'Packets in both directions.'],
  ['http_bytes', 'int', 'bytes', 'Bytes of request and answer.'],
  ['vendor_event_duration', 'int', 'ns', 'From the first byte of the request to the last of the answer.'],
  ['source_reference', 'text', null, 'The best name of the source.'],
  ['destination_reference', 'text', null, 'The best name of the destination.'],
  ['destination_port', 'int', null, 'Port of the destination.'],
  ['vendor_subtype', 'text', null, 'Protocol of the event; flow for flows.'],
  ['http_response_code', 'int', null, 'Status of the answer.'],
  ['http_user_agent', 'text', null, 'Program of the client, as it says.'],
].map(([name, kind, unit, help]) => ({ name, kind, unit, help }));
