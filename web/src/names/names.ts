import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { request } from '../graphql/client.ts';
import { asFailure } from '../graphql/failure.ts';
import { mspInView } from '../session.ts';
import { type NamesQuery, namesQuery } from './queries.graphql.ts';

export type NamedAgreement = NamesQuery['names']['agreements'][number];
export type NamedProduct = NamesQuery['names']['products'][number];

/** What the ids of some rows are called. An id that nothing knows has no name: show the id then. */
export type Names = {
  readonly agreement: (id: number | null | undefined) => NamedAgreement | undefined;
  readonly product: (id: number | null | undefined) => NamedProduct | undefined;
  readonly organization: (id: string | null | undefined) => string | undefined;
  /** Whether the names in a row are still on their way: its ids would only flash by. */
  readonly areComing: (row: Ided) => boolean;
};

type Ided = {
  readonly agreement?: number | null | undefined;
  readonly product?: number | null | undefined;
  readonly organization?: string | null | undefined;
};

type Known = {
  readonly agreements: Readonly<Record<number, NamedAgreement | null>>;
  readonly products: Readonly<Record<number, NamedProduct | null>>;
  readonly organizations: Readonly<Record<string, string | null>>;
};

const NOTHING: Known = { agreements: {}, products: {}, organizations: {} };
const MOST = 500;
/** Of one MSP; null marks what was asked for and has no name. */
const known = signal<{ readonly msp: string | null; readonly names: Known }>({ msp: null, names: NOTHING });

const namesNow = (): Known => (known.value.msp === mspInView.value ? known.value.names : NOTHING);

function missing<Id extends string | number>(ids: readonly (Id | null | undefined)[], there: object): Id[] {
  const unknown = ids.filter((id): id is Id => id !== null && id !== undefined && !Object.hasOwn(there, id));
  return [...new Set(unknown)].slice(0, MOST);
}

/** Ids in rows that were not asked for yet. */
function missingIn(rows: readonly Ided[]) {
  const names = namesNow();
  return {
    agreements: missing(
      rows.map((row) => row.agreement),
      names.agreements,
    ),
    products: missing(
      rows.map((row) => row.product),
      names.products,
    ),
    organizations: missing(
      rows.map((row) => row.organization),
      names.organizations,
    ),
  };
}

/** Names for the ids in rows; they are asked for once, and appear when they come. */
export function useNames(rows: readonly Ided[]): Names {
  const { agreements, products, organizations } = missingIn(rows);
  const key = JSON.stringify([mspInView.value, agreements, products, organizations]);
  // The key stands for the ids, which are new arrays each time.
  useEffect(() => {
    if (agreements.length + products.length + organizations.length > 0) void look(agreements, products, organizations);
  }, [key]);
  return NAMES;
}

/** As they are known when they are asked for: also to a file that is made after they came. */
const NAMES: Names = {
  agreement: (id) => namesNow().agreements[id ?? -1] ?? undefined,
  product: (id) => namesNow().products[id ?? -1] ?? undefined,
  organization: (id) => namesNow().organizations[id ?? ''] ?? undefined,
  areComing: (row) => Object.values(missingIn([row])).some((ids) => ids.length > 0),
};

/** Pages of rows for a file, each once the names in it are known. */
export async function* withNames<Row extends Ided>(
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  for await (const rows of pages) {
    const { agreements, products, organizations } = missingIn(rows);
    if (agreements.length + products.length + organizations.length > 0) await look(agreements, products, organizations);
    yield rows;
  }
}

async function look(agreements: number[], products: number[], organizations: string[]): Promise<void> {
  const msp = mspInView.value;
  let found: NamesQuery['names'] = { agreements: [], products: [], organizations: [] };
  try {
    found = (await request(namesQuery, { agreements, products, organizations, msp })).names;
  } catch (error) {
    // Ids stand where names would: the rows themselves are right, and what is wrong is told where they are loaded.
    asFailure(error);
  }
  if (msp !== mspInView.value) return;
  const before = namesNow();
  known.value = {
    msp,
    names: {
      agreements: {
        ...before.agreements,
        ...Object.fromEntries(
          agreements.map((id) => [id, found.agreements.find((one) => one.agreement === id) ?? null]),
        ),
      },
      products: {
        ...before.products,
        ...Object.fromEntries(products.map((id) => [id, found.products.find((one) => one.product === id) ?? null])),
      },
      organizations: {
        ...before.organizations,
        ...Object.fromEntries(
          organizations.map((id) => [id, found.organizations.find((one) => one.organization === id)?.name ?? null]),
        ),
      },
    },
  };
}
