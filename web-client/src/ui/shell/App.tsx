// Chooses the page by the address and gives all of them one look and one language.
import { App as Antd, ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import { lazy, Suspense } from 'react';
import { language } from '../../words/language';
import { HomePage } from '../home/HomePage';
import { TeachHint } from '../home/TeachHint';
import { LibraryPage } from '../library/LibraryPage';
import { SetupPage } from '../setup/SetupPage';
import { TeachPage } from '../teach/TeachPage';
import { DeskPage } from './DeskPage';
import { type Route, useRoute } from './router';
import { Loading, Plate } from './states';
import { theme } from './theme';
import { text } from './words';

// The player brings hls.js, which no other page needs.
const PlayerPage = lazy(() => import('../library/PlayerPage'));
// Tables, trees and drawers: a classroom's assistant on a phone need not wait for them.
const CountyPage = lazy(() => import('../county/CountyPage'));
const TimetablePage = lazy(() => import('../timetable/TimetablePage'));
const TermsPage = lazy(() => import('../terms/TermsPage'));
const PlansPage = lazy(() => import('../plans/PlansPage'));
const PlanPage = lazy(() => import('../plans/PlanPage'));
const LedgerPage = lazy(() => import('../ledger/LedgerPage'));
const TodayPage = lazy(() => import('../today/TodayPage'));
const SignInPage = lazy(() => import('../account/SignInPage'));
const DevicesPage = lazy(() => import('../devices/DevicesPage'));
const AccountsPage = lazy(() => import('../account/AccountsPage'));

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'home':
      return <HomePage />;
    case 'setup':
      return <SetupPage secret={route.secret} />;
    case 'teach':
      return route.credential === null ? <TeachHint /> : <TeachPage credential={route.credential} />;
    case 'library':
      return <LibraryPage />;
    case 'player':
      return <PlayerPage id={route.resource} key={route.resource} />;
    case 'county':
      return <CountyPage />;
    case 'timetable':
      return <TimetablePage />;
    case 'terms':
      return <TermsPage />;
    case 'plans':
      return <PlansPage />;
    case 'plan':
      return <PlanPage id={route.plan} key={route.plan} />;
    case 'ledger':
      return <LedgerPage />;
    case 'today':
      return <TodayPage />;
    case 'sign-in':
      return <SignInPage secret={route.secret} />;
    case 'devices':
      return <DevicesPage />;
    case 'accounts':
      return <AccountsPage />;
    case 'unknown':
      return <Plate title={text.unknownPage} action={<a href="/">{text.home}</a>} />;
  }
}

export function App() {
  const route = useRoute();
  const page = (
    <Suspense fallback={<Loading />}>
      <Page route={route} />
    </Suspense>
  );
  // A lesson takes the whole screen; everything else stands at a desk.
  const wholeScreen = route.page === 'teach' && route.credential !== null;
  return (
    <ConfigProvider
      theme={theme}
      locale={language === 'zh' ? zhCN : enUS}
      button={{ autoInsertSpace: false }}
    >
      <Antd className="antd-app">{wholeScreen ? page : <DeskPage>{page}</DeskPage>}</Antd>
    </ConfigProvider>
  );
}
