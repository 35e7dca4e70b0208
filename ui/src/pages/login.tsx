/** Who are you? Only when the server wants to know. */
import { useSignal } from '@preact/signals';
import { api } from '../api';
import { boot, failureOf, session } from '../state';

export function LoginPage() {
  const mistake = useSignal('');
  const busy = useSignal(false);
  const enter = async (e: Event): Promise<void> => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    busy.value = true;
    try {
      session.value = await api.login(String(data.get('user')), String(data.get('password')));
      await boot();
    } catch (err) {
      mistake.value = failureOf(err).text;
    } finally {
      busy.value = false;
    }
  };
  return (
    <main class="login">
      <form class="card" onSubmit={(e) => void enter(e)}>
        <h1>
          <img src="favicon.svg" alt="" width="28" height="28" /> wirelume
        </h1>
        <label>
          User
          <input name="user" autocomplete="username" required autofocus />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {mistake.value && <p role="alert">{mistake.value}</p>}
        <button class="button main" disabled={busy.value}>
          Log in
        </button>
      </form>
    </main>
  );
}
