import { here } from '../../router/location.ts';
import type { Role } from './queries.graphql.ts';

/** The filter of the history as the address says it. */
export type Filter = {
  readonly since: string | null;
  readonly until: string | null;
  readonly subject: string | null;
  readonly role: Role | null;
  readonly factType: string | null;
  readonly organization: string | null;
  readonly agreement: number | null;
  readonly product: number | null;
  readonly run: string | null;
  readonly requestId: string | null;
};

/** Names in the address. */
export const NAMES = {
  since: 'from',
  until: 'to',
  subject: 'actor',
  role: 'role',
  factType: 'type',
  organization: 'organization',
  agreement: 'agreement',
  product: 'product',
  run: 'run',
  requestId: 'request',
} as const;

export const ROLES: readonly Role[] = ['ADMIN', 'AUDITOR', 'PLATFORM', 'WORKER'];

export function filterInAddress(): Filter {
  const { params } = here.value;
  const text = (name: keyof typeof NAMES) => params.get(NAMES[name]);
  const number = (name: 'agreement' | 'product') => {
    const given = text(name);
    return given !== null && /^\d{1,9}$/.test(given) ? Number(given) : null;
  };
  const instant = (name: 'since' | 'until') => {
    const given = text(name);
    return given === null || Number.isNaN(Date.parse(given)) ? null : new Date(given).toISOString();
  };
  return {
    since: instant('since'),
    until: instant('until'),
    subject: text('subject'),
    role: ROLES.find((one) => one === text('role')) ?? null,
    factType: text('factType'),
    organization: text('organization'),
    agreement: number('agreement'),
    product: number('product'),
    run: text('run'),
    requestId: text('requestId'),
  };
}

export const isFiltered = (filter: Filter): boolean => Object.values(filter).some((one) => one !== null);
export const NO_FILTER = Object.fromEntries(Object.values(NAMES).map((name) => [name, null]));

/** The same filter for a streamed export. */
export function exportPath(form: 'ndjson' | 'csv', filter: Filter, msp: string | null): string {
  const given = Object.entries({ ...filter, msp }).flatMap(([name, value]) =>
    value === null ? [] : [[name, String(value)]],
  );
  return `/exports/facts.${form}?${new URLSearchParams(given)}`;
}
