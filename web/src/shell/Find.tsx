import { request } from '../graphql/client.ts';
import { go, href } from '../router/location.ts';
import { mspInView } from '../session.ts';
import { Combobox, type Option } from '../ui/Combobox.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { words } from '../words/en.ts';
import { type FindingQuery, findingQuery } from './finding.graphql.ts';
import { inMenu } from './Menu.tsx';

type Found = FindingQuery['find'][number];

/** Go to a page, an organization, a company, a run or a fact, by name or id. */
export function Find({ close }: { close: () => void }) {
  async function search(typed: string, signal: AbortSignal): Promise<readonly Option<string>[]> {
    const text = typed.trim();
    const pages = inMenu()
      .filter((route) => route.menu.label.toLowerCase().includes(text.toLowerCase()))
      .map((route) => ({ value: href(route.paths[0] ?? '/'), label: route.menu.label, detail: words.find.page }));
    if (text === '' || mspInView.value === null) return pages;
    const found = await request(findingQuery, { text, id: text, msp: mspInView.value }, signal);
    return [
      ...pages,
      ...found.organizations.nodes.map((one) => ({
        value: href(`/organizations/${encodeURIComponent(one.id)}`),
        label: one.name,
        detail: words.find.organization(one.plan, one.id),
      })),
      ...found.companies.nodes.map((one) => ({
        value: href('/companies', { search: one.identifier }),
        label: one.name,
        detail: words.find.company(one.identifier, one.status),
      })),
      ...found.find.map((one) => ({ value: placeOf(one), label: one.id, detail: words.find.kinds[one.kind] })),
    ];
  }

  return (
    <Dialog title={words.find.title} close={close}>
      <Combobox
        label={words.find.field}
        placeholder={words.find.field}
        text=""
        search={search}
        take={(option) => {
          close();
          go(option.value);
        }}
      />
    </Dialog>
  );
}

function placeOf({ kind, id, entry }: Found): string {
  if (kind === 'RUN') return href(`/runs/${encodeURIComponent(id)}`);
  if (kind === 'ORGANIZATION') return href(`/organizations/${encodeURIComponent(id)}`);
  return href('/history', { fact: entry.id });
}
