import { computed, signal } from '@preact/signals';
import { ask } from './graphql/client.ts';
import { asFailure, type Failure } from './graphql/failure.ts';
import { forgetToken, goOn, keepToken, token } from './graphql/token.ts';
import { here } from './router/location.ts';
import { type ViewerQuery, viewerQuery } from './shell/queries.graphql.ts';

export type Viewer = ViewerQuery['viewer'];

/** Who the token says we are; undefined until that is known. */
export const viewer = signal<Viewer | undefined>(undefined);
export const signInFailure = signal<Failure | undefined>(undefined);

/** The MSP whose ledger is shown: the token's own, else the one in the address. Null when none is chosen yet. */
export const mspInView = computed<string | null>(() => viewer.value?.msp ?? here.value.params.get('msp'));

/** The instant in the past that is shown, in ISO; null means now. */
export const asOf = computed<string | null>(() => here.value.params.get('at'));

export const isAdmin = computed(() => viewer.value?.role === 'ADMIN');
export const isPlatform = computed(() => viewer.value?.role === 'PLATFORM');
/** Whether the MSP's own actions are offered: to its admin, and not in the past. */
export const mayAct = computed(() => isAdmin.value && asOf.value === null);

/** Ask who the token stands for. */
export async function recognise(): Promise<void> {
  if (token.value === null) return;
  signInFailure.value = undefined;
  try {
    viewer.value = (await ask(viewerQuery, {})).viewer;
  } catch (error) {
    signInFailure.value = asFailure(error);
  }
}

/** Take another token. Somebody else's begins anew, so that nothing of the first is left on the screen. */
export async function signIn(given: string): Promise<boolean> {
  const before = viewer.value;
  keepToken(given.trim());
  await recognise();
  const now = viewer.value;
  if (signInFailure.value !== undefined || now === undefined) return false;
  if (before !== undefined && (before.subject !== now.subject || before.msp !== now.msp || before.role !== now.role)) {
    location.reload();
    return true;
  }
  goOn();
  return true;
}

export function signOut(): void {
  forgetToken();
  location.assign('/');
}
