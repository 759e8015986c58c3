import { money, quantity } from '../words/format.ts';
import { tell } from '../words/tell.ts';

export const words = tell({
  caption: 'What ConnectWise will hold',
  agreement: 'Agreement',
  product: 'Product',
  now: 'Holds now',
  will: 'Will hold',
  because: 'Because',
  money: 'Money a month',
  none: 'No line in ConnectWise changes.',
  newAddition: 'new addition',
  unchanged: 'stays as it is',
  held: 'Held: it would drop unusually far.',
  left: (untouched: boolean) =>
    untouched ? 'Its last organization leaves: the number stays as it is.' : 'Its last organization leaves: set to 0.',
  part: (name: string, count: string, arrives: boolean) => `${name} ${quantity(count)}${arrives ? ' (new)' : ''}`,
  total: (sum: string) => `Together ${money(sum)} a month, where prices are known.`,
});
