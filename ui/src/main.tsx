/** Where the page begins: the frame is drawn at once, data comes into it. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import './style/base.css';
import './style/frame.css';
import './style/widgets.css';
import './style/pages.css';
import { whenUnauthorized } from './api';
import { onKey } from './keys';
import { listen } from './live';
import { AgentsPage } from './pages/agents';
import { DashboardPage } from './pages/dashboard';
import { HealthPage } from './pages/health';
import { LoginPage } from './pages/login';
import { MessagesPage } from './pages/messages';
import { Header } from './parts/header';
import { Help } from './parts/help';
import { MenuLayer } from './parts/menu';
import { followTheme } from './parts/theme';
import { Toast } from './parts/toast';
import { boot, dashboard, failure, needsLogin, page, session, tab } from './state';

const pageViews = { dashboard: DashboardPage, messages: MessagesPage, agents: AgentsPage, health: HealthPage };

const Unreachable = ({ text }: { text: string }) => (
  <div class="plain-page">
    <div class="banner trouble" role="alert">
      <p>
        <b>Nothing can be shown.</b> {text}
      </p>
      <button class="button" onClick={() => void boot()}>
        Try again
      </button>
    </div>
  </div>
);

function App() {
  if (needsLogin.value) return <LoginPage />;
  const View = pageViews[page.value];
  return (
    <>
      <Header />
      <main id="main">{failure.value ? <Unreachable text={failure.value.text} /> : <View />}</main>
      <MenuLayer />
      <Help />
      <Toast />
    </>
  );
}

whenUnauthorized(() => {
  if (session.value) session.value = { ...session.value, login_required: true, user: null };
});
followTheme();
effect(() => {
  const names = { dashboard: tab.value?.title, messages: 'Messages', agents: 'Agents', health: 'Health' };
  const name = needsLogin.value ? 'Log in' : names[page.value];
  document.title = name ? `${name} · wirelume` : (dashboard.value?.title ?? 'wirelume');
});
addEventListener('keydown', onKey);
listen();
render(<App />, document.getElementById('app')!);
void boot();
