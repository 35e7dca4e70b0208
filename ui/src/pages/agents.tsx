/** Who sends: when last, how much, and whether packets were lost before they could be seen. */
import { api, type Agent } from '../api';
import { Trouble } from '../parts/states';
import { tick } from '../live';
import { is } from '../search';
import { agentField, go } from '../state';
import { agoText, exactText } from '../time';
import { number, shown } from '../units';
import { usePolled } from './polled';

const quiet_ms = 300e3;

const openEvents = (a: Agent): void =>
  go({ tab: 'messages', query: is(agentField.value ?? 'event_observer_uid', a.id), message: '' });

const heads: [string, boolean][] = [
  ['Agent', false],
  ['Version', false],
  ['Last seen', false],
  ['First seen', false],
  ['Messages in the last minute', true],
  ['Per second', true],
  ['Packets lost', true],
];

function Row({ agent, now }: { agent: Agent; now: number }) {
  const silent = now - agent.last_seen > quiet_ms;
  return (
    <tr>
      <td>
        <button class="link" title="Show its events" onClick={() => openEvents(agent)}>
          {shown(agent.name || agent.id)}
        </button>
        <small class="id">{shown(agent.id)}</small>
      </td>
      <td data-head={heads[1]![0]}>{shown(agent.version)}</td>
      <td data-head={heads[2]![0]}>
        <span class={`badge ${silent ? 'warn' : 'good'}`}>{silent ? 'silent' : 'sending'}</span>{' '}
        <span title={exactText(agent.last_seen)}>{agoText(agent.last_seen, now)}</span>
      </td>
      <td data-head={heads[3]![0]} title={exactText(agent.first_seen)}>{agoText(agent.first_seen, now)}</td>
      <td data-head={heads[4]![0]} class="numeric-cell">{number(agent.messages_last_minute)}</td>
      <td data-head={heads[5]![0]} class="numeric-cell">{number(agent.rate)}</td>
      <td data-head={heads[6]![0]} class={`numeric-cell ${agent.drops ? 'bad' : ''}`}>
        {agent.drops === null ? 'not told' : number(agent.drops)}
      </td>
    </tr>
  );
}

export function AgentsPage() {
  const { data, failure } = usePolled(api.agents);
  const now = tick.value?.t ?? Date.now();
  const agents = data.value?.agents;
  return (
    <div class="plain-page">
      <h1>Agents</h1>
      {failure.value && <Trouble failure={failure.value} />}
      {!agents && !failure.value && <div class="skeleton tall" role="status" aria-label="Loading" />}
      {agents?.length === 0 && (
        <div class="banner" role="status">
          <p>
            <b>No agent has sent anything yet.</b> In the configuration of an agent say{' '}
            <code>output.logstash.hosts: [&quot;THIS-HOST:5044&quot;]</code> and start it.
          </p>
        </div>
      )}
      {agents && agents.length > 0 && (
        <div class="card wide" tabIndex={0} role="group" aria-label="Agents">
          <table class="values agents">
            <thead>
              <tr>
                {heads.map(([text, numeric]) => (
                  <th key={text} scope="col" class={numeric ? 'numeric-cell' : ''}>
                    {text}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {agents.map((a) => (
                <Row key={a.id} agent={a} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
