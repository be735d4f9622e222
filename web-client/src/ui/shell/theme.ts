// The look of every page: white and warm greys, one green-blue accent, red for "lost", amber for "weak".
import type { ThemeConfig } from 'antd';

export const theme: ThemeConfig = {
  token: {
    colorPrimary: '#0b6e75',
    colorLink: '#0b6e75',
    colorSuccess: '#0b6e75',
    colorInfo: '#0b6e75',
    colorWarning: '#9a6400',
    colorError: '#b3261e',
    // Derived from so dark a colour they would be mud.
    colorWarningBg: '#fbf3df',
    colorWarningBorder: '#e3c98b',
    colorSuccessBg: '#e4f2f1',
    colorSuccessBorder: '#a5cfcc',
    colorInfoBg: '#e4f2f1',
    colorInfoBorder: '#a5cfcc',
    colorErrorBg: '#fbe9e6',
    colorErrorBorder: '#e6b0aa',
    colorTextBase: '#262421',
    colorBgLayout: '#f7f5f2',
    colorBorder: '#cfc9c0',
    colorBorderSecondary: '#e6e1da',
    borderRadius: 8,
    borderRadiusLG: 12,
    // As the page's own (shell.css), which knows the language.
    fontFamily: 'inherit',
    fontSize: 15,
    controlHeight: 40,
    controlHeightLG: 48,
    motionDurationSlow: '0.2s',
    motionDurationMid: '0.15s',
    motionDurationFast: '0.1s',
    boxShadow: '0 1px 3px rgba(38, 36, 33, 0.12)',
  },
  components: { Button: { primaryShadow: 'none', defaultShadow: 'none', fontWeight: 500 } },
};
