import { defineConfig } from 'vite';

// The server says `default-src 'self'`: nothing may become a data: address or an inline script.
// Addresses are relative, so that the dashboard also works below a path of a reverse proxy.
export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    target: 'es2021',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8090', '/dev': 'http://127.0.0.1:8090' } },
});
