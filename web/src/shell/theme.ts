import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const KEPT = 'psa-ledger.theme';

function kept(): Theme {
  const found = localStorage.getItem(KEPT);
  return THEMES.find((theme) => theme === found) ?? 'system';
}

export const theme = signal<Theme>(kept());

effect(() => {
  localStorage.setItem(KEPT, theme.value);
  // `light-dark()` in the style sheets follows the colour scheme.
  document.documentElement.style.colorScheme = theme.value === 'system' ? '' : theme.value;
});
