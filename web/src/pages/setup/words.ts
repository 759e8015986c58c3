import { tell } from '../../words/tell.ts';

export const words = tell({
  title: 'Connect ConnectWise PSA',
  means: 'Create an API member in ConnectWise, give it a role with the rights below, and enter its keys here.',
  connected: 'ConnectWise is connected.',
  site: 'Site',
  company: 'Company',
  key: 'Public key',
  keyEnds: (hint: string) => `ends in …${hint}`,
  since: 'Connected',
  replace: 'Replace the keys',
  next: 'Map products',
  saved: (company: string) => `Connected to ${company}.`,
  how: 'Where do I find this?',
  steps: {
    role: 'In ConnectWise, open System › Security Roles and add a role with these rights: Company Maintenance: Inquire; Table Setup: Inquire; Product Catalog: Add and Inquire; Agreements: Add, Edit and Inquire.',
    member: 'Open System › Members › API Members, add a member with +, and choose that role under Role ID.',
    keys: 'Save it, open its API Keys tab and create a public and a private key. The private one is shown only once.',
  },
});
