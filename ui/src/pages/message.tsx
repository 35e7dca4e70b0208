/** One message in full: what the packs made of it, what came, and which rule set what. */
import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, type Failure, type Message, type OneMessage } from '../api';
import { copy } from '../actions';
import { IconButton } from '../parts/icons';
import { Trouble } from '../parts/states';
import { is } from '../search';
import { failureOf, go } from '../state';
import { exactText } from '../time';
import { schema, shown } from '../units';
import { stepMessage, timeOf, Values } from './messages';

const wanted = signal('');

type Group = 'Fields of the information model' | 'Fields of the vendor' | 'Original fields' | 'Kept by the receiver';
const order: Group[] = ['Fields of the information model', 'Fields of the vendor', 'Original fields', 'Kept by the receiver'];
const receiver = /^(gl2_|streams$|timestamp$|source$|_id$)/;

/** Fields that packs leave alone have the name of the Beat before them. */
export function groupOf(name: string, message: Message): Group {
  const beat = String(message['beats_type'] ?? 'packetbeat');
  if (receiver.test(name)) return 'Kept by the receiver';
  if (name.startsWith('vendor_')) return 'Fields of the vendor';
  if (name.startsWith(`${beat}_`) || name === 'beats_type' || name.startsWith('@')) return 'Original fields';
  return 'Fields of the information model';
}

/** The rules that set a field, in words; what cannot be told for sure says so. */
function Rule({ one, name }: { one: OneMessage; name: string }) {
  const sure = one.rules?.[name];
  const rules = sure ?? one.rules_possible?.[name];
  if (!rules?.length) return null;
  const title = sure
    ? 'Set by this rule: the packs that are in force now give this value'
    : 'This cannot be told from the stored message: these rules could have set it';
  return (
    <span class="rule" title={title}>
      {sure || rules.length === 1 ? '' : 'one of: '}
      {rules.map(shown).join(', ')}
    </span>
  );
}

function Group({ title, names, one }: { title: Group; names: string[]; one: OneMessage }) {
  const found = names.filter((n) => n.toLowerCase().includes(wanted.value.toLowerCase()));
  if (found.length === 0) return null;
  return (
    <section class="field-group">
      <h3>
        {title} <small>{found.length}</small>
      </h3>
      <dl>
        {found.flatMap((name) => [
          <dt key={name} title={schema.value.get(name)?.help}>
            {shown(name)
              .split('_')
              .flatMap((word, i) => (i ? ['_', <wbr key={i} />, word] : [word]))}
          </dt>,
          <dd key={name + '='}>
            <Values field={name} message={one.message} />
            <Rule one={one} name={name} />
          </dd>,
        ])}
      </dl>
    </section>
  );
}

/** Ways from this message to others. */
function Ways({ message }: { message: Message }) {
  const t = timeOf(message['timestamp']);
  const id = Object.keys(message).find((name) => /(^|[._])community_id$/.test(name));
  return (
    <div class="ways">
      {t !== null && (
        <button class="button" onClick={() => go({ range: { from: t - 60e3, to: t + 60e3 }, query: '' })}>
          Around it, ± 1 minute
        </button>
      )}
      {id && (
        <button class="button" onClick={() => go({ query: is(id, String(message[id])) })}>
          Same connection
        </button>
      )}
      <button class="button" onClick={() => void copy(JSON.stringify(message, null, 2))}>
        Copy as JSON
      </button>
    </div>
  );
}

function Fields({ one }: { one: OneMessage }) {
  const names = Object.keys(one.message).sort();
  const t = timeOf(one.message['timestamp']);
  return (
    <>
      <p class="message-text">{shown(one.message['message'] ?? '')}</p>
      <p class="hint">
        {t !== null && exactText(t)} · {one.index}
      </p>
      <Ways message={one.message} />
      <input
        type="search"
        placeholder="Find a field"
        aria-label="Find a field of this message"
        value={wanted.value}
        onInput={(e) => (wanted.value = e.currentTarget.value)}
      />
      {order.map((g) => (
        <Group key={g} title={g} names={names.filter((n) => groupOf(n, one.message) === g)} one={one} />
      ))}
    </>
  );
}

export function Detail({ id }: { id: string }) {
  const one = useSignal<OneMessage | null>(null);
  const failure = useSignal<Failure | null>(null);
  useEffect(() => {
    let current = true;
    one.value = null;
    failure.value = null;
    api
      .message(id)
      .then((m) => current && (one.value = m))
      .catch((e) => current && (failure.value = failureOf(e)));
    return () => {
      current = false;
    };
  }, [id]);
  return (
    <aside class="detail" aria-label="Message">
      <div class="detail-head">
        <h2>Message</h2>
        <IconButton name="up" text="Previous message (k)" act={() => stepMessage(-1)} />
        <IconButton name="down" text="Next message (j)" act={() => stepMessage(1)} />
        <IconButton name="close" text="Close (Esc)" act={() => go({ message: '' })} />
      </div>
      <div class="detail-body">
        {failure.value && <Trouble failure={failure.value} />}
        {!one.value && !failure.value && <div class="skeleton tall" role="status" aria-label="Loading" />}
        {one.value && <Fields one={one.value} />}
      </div>
    </aside>
  );
}
