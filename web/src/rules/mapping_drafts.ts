export type NewOrganization = {
  readonly name: string;
  readonly plan: string;
  readonly licenseType: 'PAID' | 'TRIAL' | 'NFR';
};

/** Who is mapped: an organization that exists, or one that is created with the mapping. */
export type Who = { readonly id: string; readonly name: string } | { readonly create: NewOrganization };
export type Where = { readonly company: number; readonly companyName: string; readonly agreement: number | null };

export type Draft =
  | { readonly kind: 'map'; readonly who: Who | null; readonly where: Where | null; readonly isMove: boolean }
  | { readonly kind: 'unmap'; readonly organization: string; readonly name: string };

export type LeftBehind = 'UNTOUCHED' | 'ZERO';

export const companyKey = (company: number): string => `company ${company}`;
export const organizationKey = (organization: string): string => `organization ${organization}`;

export type Complete = Draft &
  ({ kind: 'unmap' } | { kind: 'map'; who: Who; where: Where & { readonly agreement: number } });

/** Whether a draft says everything that is needed to carry it out. */
export function isComplete(draft: Draft): draft is Complete {
  return draft.kind === 'unmap' || (draft.who !== null && draft.where !== null && draft.where.agreement !== null);
}

/** What the API is asked for, with the key of the draft that each item came from, in the same order. */
export function asked(drafts: Readonly<Record<string, Draft>>, moveLeft: LeftBehind, unmapLeft: LeftBehind) {
  const complete = Object.entries(drafts).filter((one): one is [string, Complete] => isComplete(one[1]));
  const maps = complete.flatMap(([key, draft]) =>
    draft.kind === 'map' ? [{ key, item: mapItem(draft.who, draft.where, draft.isMove, moveLeft) }] : [],
  );
  const unmaps = complete.flatMap(([key, draft]) =>
    draft.kind === 'unmap' ? [{ key, item: { organization: draft.organization, leftBehind: unmapLeft } }] : [],
  );
  return { maps, unmaps };
}

function mapItem(who: Who, where: Where & { readonly agreement: number }, isMove: boolean, leftBehind: LeftBehind) {
  const { company, agreement } = where;
  const place = { company, agreement, move: isMove, leftBehind };
  return 'create' in who ? { ...place, create: who.create } : { ...place, organization: who.id };
}
