import { change, inUtc, listed, month, quantity } from '../../words/format.ts';
import { tell } from '../../words/tell.ts';

export const words = tell({
  title: (line: string, count: string, of: string) => `Why is ${line} ${quantity(count)} in ${month(of)}?`,
  loading: (line: string) => `Why? ${line}`,
  because: (parts: readonly string[], rule: string) => `Because ${listed(parts)}. ${rule}`,
  had: (name: string, opening: number, moves: readonly string[]) =>
    [`${name} had ${quantity(opening)} at the start`, ...moves].join(', '),
  move: (delta: number, at: string) => `${change(delta)} on ${inUtc(at, 'day').replace(/ \d{4} UTC$/, '')}`,
  more: (count: number) => `and ${quantity(count)} more changes`,
  nobody: 'nobody is mapped to it any more',
  rule: (rule: string, minimum: number) =>
    `The rule is “${rule}”, ${minimum > 0 ? `with a minimum of ${quantity(minimum)}` : 'with no minimum'}.`,
  sumRight: 'Sum checked',
  waiting: 'Something newer is still to be written',
  sumWrong: 'The sum does not add up',
  sumWrongMeans: 'A number that was written does not follow from the facts. Tell support what stands under Checks.',
  proof: 'Line by line',
  checks: (count: number) => `Checks (${quantity(count)})`,
  check: (name: string, expected: string, actual: string) => `${name}: ${quantity(expected)} = ${quantity(actual)}`,
  wrongCheck: (name: string, expected: string, actual: string) =>
    `${name}: should be ${quantity(expected)}, is ${quantity(actual)}`,
  copyLink: 'Copy link',
  replay: 'Replay this month from the journal',
  replaying: 'Replaying…',
  replayed: (facts: number) => `Replayed from ${quantity(facts)} facts, without any view:`,
  replayRight: 'every push agrees with the facts',
  replayWrong: 'a push does not agree with the facts',
  psaRight: 'ConnectWise holds what was written last',
  psaWrong: (wrote: string, found: string | null) =>
    `ConnectWise holds ${found === null ? 'no such line' : quantity(found)}, ${quantity(wrote)} was written last`,
  psaUnknown: 'ConnectWise was not asked',
  deltas: (opening: string, deltas: string, closing: string) =>
    `${quantity(opening)} ${change(deltas)} = ${quantity(closing)}`,
});
