import { tell } from '../words/tell.ts';

export const words = tell({
  counts: {
    companies: 'Companies',
    agreements: 'Agreements',
    new: 'New of both',
    changed: 'Changed of both',
    gone: 'Gone since the last import',
    vanished: 'Mapped, and gone',
  },
  vanished: 'Mapped to what is gone in ConnectWise',
  vanishedMeans: 'Nothing is billed for them until they are mapped again.',
  isMappedTo: (organization: string, company: string, agreement: string) =>
    `${organization} is mapped to ${[company, agreement].filter(Boolean).join(' · ')}.`,
  mapAgain: 'Map again…',
});
