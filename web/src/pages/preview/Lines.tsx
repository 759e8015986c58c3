import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useAct } from '../../graphql/act.ts';
import { allPages, type Page as Rows, useList } from '../../graphql/query.ts';
import { LineName, lineIds, lineName } from '../../names/LineName.tsx';
import { type Names, useNames, withNames } from '../../names/names.ts';
import { go, here, href, setParams } from '../../router/location.ts';
import { minus, plus } from '../../rules/decimals.ts';
import { isHandEdited } from '../../rules/proof.ts';
import { mayAct, mspInView } from '../../session.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { ListOf } from '../../ui/ListOf.tsx';
import { Failed, Refused } from '../../ui/Problem.tsx';
import { Quantity, quantityColumn } from '../../ui/Quantity.tsx';
import { SaveBar } from '../../ui/SaveBar.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { change, money } from '../../words/format.ts';
import { refusedLine } from '../../words/refused_line.ts';
import {
  type PreviewLinesQuery,
  type PreviewQuery,
  previewLinesQuery,
  syncNowMutation,
  undoRunMutation,
} from './queries.graphql.ts';
import { words } from './words.ts';

type Run = NonNullable<PreviewQuery['run']>;
type Line = NonNullable<PreviewLinesQuery['run']>['lines']['nodes'][number];
type Refusal = { readonly __typename: string; readonly message: string };

const FIRST = 50;
const TO_LOOK_AT = ['CREATE', 'WRITE', 'HOLD', 'REFUSE'] as const;
const NONE: Rows<Line> = { nodes: [], totalCount: 0, counts: [], pageInfo: { hasNextPage: false, endCursor: null } };

const keyOf = (line: Line) => `${line.agreement} ${line.product}`;

/** Line by line what will be written, and the button that does it with the digest of exactly these numbers. */
export function Lines({ run }: { run: Run }) {
  const count = (action: Line['action']) => run.planned.find((one) => one.action === action)?.count ?? 0;
  const writes = count('CREATE') + count('WRITE');
  const toLookAt = writes + count('HOLD') + count('REFUSE');
  const isAll = here.value.params.get('show') === 'all' || toLookAt === 0;
  const asked = { id: run.id, first: FIRST, actions: isAll ? null : [...TO_LOOK_AT], msp: mspInView.value };
  const linesOf = (data: PreviewLinesQuery): Rows<Line> => data.run?.lines ?? NONE;
  const list = useList(previewLinesQuery, asked, linesOf, { isLive: false });
  const names = useNames(list.page.value?.nodes ?? []);
  const [ticked, setTicked] = useState<Readonly<Record<string, Line>>>({});
  const sum = run.planned.reduce((all, one) => plus(all, one.money), '0');

  function tick(line: Line, isTicked: boolean): void {
    const { [keyOf(line)]: _, ...others } = ticked;
    setTicked(isTicked ? { ...others, [keyOf(line)]: line } : others);
  }

  return (
    <>
      <ul class="row counts">
        <li>
          <strong class="figure">{words.lines(run.lineCount)}</strong>
        </li>
        <li>{words.unchanged(count('VERIFY'))}</li>
        <li>{words.change(writes)}</li>
        {count('HOLD') > 0 && <li>{words.held(count('HOLD'))}</li>}
        {count('REFUSE') > 0 && <li>{words.refused(count('REFUSE'))}</li>}
        <li class="figure">{words.moneyEffect(sum)}</li>
      </ul>
      {toLookAt === 0 && run.lineCount > 0 && <Empty title={words.same} means={words.sameMeans} />}
      {toLookAt > 0 && toLookAt < run.lineCount && (
        <fieldset class="row">
          <legend class="hidden">{words.show}</legend>
          {(['changes', 'all'] as const).map((one) => (
            <label key={one} class="check">
              <input
                type="radio"
                name="show"
                checked={isAll === (one === 'all')}
                onChange={() => setParams({ show: one === 'all' ? 'all' : null })}
              />
              {one === 'all' ? words.everything(run.lineCount) : words.changes(toLookAt)}
            </label>
          ))}
        </fieldset>
      )}
      <ListOf from={list} empty={run.lineCount === 0 && <Empty title={words.sameMeans} />}>
        {({ nodes }) => (
          <Table
            label={words.title}
            columns={columnsOf(names, ticked, tick)}
            rows={nodes}
            rowKey={keyOf}
            rowClass={(line) => (line.action === 'HOLD' || line.action === 'REFUSE' ? 'marked' : undefined)}
            file={{ name: 'preview', ids: lineIds, rows: () => withNames(allPages(previewLinesQuery, asked, linesOf)) }}
          />
        )}
      </ListOf>
      {mayAct.value && writes + count('HOLD') > 0 && (
        <Write run={run} count={writes + Object.keys(ticked).length} ticked={Object.values(ticked)} />
      )}
    </>
  );
}

function columnsOf(
  names: Names,
  ticked: Readonly<Record<string, Line>>,
  tick: (line: Line, isTicked: boolean) => void,
): readonly Column<Line>[] {
  return [
    {
      name: words.line,
      isHead: true,
      value: (line) => lineName(line, names),
      cell: (line) => <LineName line={line} names={names} />,
    },
    quantityColumn(words.wrote, (line) => line.wrote),
    { name: words.found, isFigure: true, value: (line) => line.found, cell: (line) => <Found line={line} /> },
    {
      name: words.will,
      isFigure: true,
      value: (line) => line.target,
      cell: (line) => (
        <strong>
          <Quantity value={line.target} />
        </strong>
      ),
    },
    {
      name: words.delta,
      isFigure: true,
      value: deltaOf,
      cell: (line) => (line.target === null ? '–' : change(deltaOf(line))),
    },
    {
      name: words.money,
      isFigure: true,
      value: (line) => line.money,
      cell: (line) => (line.money === null ? '–' : money(line.money)),
    },
    {
      name: words.happens,
      isWide: true,
      value: happensTo,
      cell: (line) => (
        <Happens line={line}>
          {line.action === 'HOLD' && mayAct.value && (
            <label class="check">
              <input
                type="checkbox"
                aria-label={words.tickOf(lineName(line, names))}
                checked={keyOf(line) in ticked}
                onChange={(event) => tick(line, event.currentTarget.checked)}
              />
              {words.tick}
            </label>
          )}
        </Happens>
      ),
    },
  ];
}

function Found({ line }: { line: Line }) {
  return (
    <span class="found">
      <Quantity value={line.found} />
      {isHandEdited(line.wrote, line.found) && (
        <span title={words.handEdit}>
          <Icon name="pencil" />
          <span class="hidden">{words.handEdit}</span>
        </span>
      )}
    </span>
  );
}

const deltaOf = (line: Line): string => (line.target === null ? '' : minus(line.target, line.found ?? '0'));

function happensTo(line: Line): string {
  if (line.action === 'REFUSE') return refusedLine(line.problem) ?? words.actions.REFUSE;
  const isOverwritten = line.action === 'WRITE' && isHandEdited(line.wrote, line.found);
  return [isOverwritten ? words.overwritten : words.actions[line.action], line.problem].filter(Boolean).join(' ');
}

function Happens({ line, children }: { line: Line; children: ComponentChildren }) {
  if (line.action === 'REFUSE') {
    return (
      <span class="trouble">
        <Icon name="warning" />
        <span>{happensTo(line)}</span>
      </span>
    );
  }
  return (
    <span class="row">
      <span>{happensTo(line)}</span>
      {children}
    </span>
  );
}

function Write({ run, count, ticked }: { run: Run; count: number; ticked: readonly Line[] }) {
  const sync = useAct(syncNowMutation);
  const undo = useAct(undoRunMutation);
  const [refusal, setRefusal] = useState<Refusal>();
  async function write(): Promise<void> {
    setRefusal(undefined);
    const answer =
      run.undoes === null
        ? await sync.run({
            digest: run.digest,
            approved: ticked.flatMap(({ agreement, product, found, target }) =>
              found === null || target === null ? [] : [{ agreement, product, found, target }],
            ),
          })
        : await undo.run({ run: run.undoes });
    if (answer === undefined) return;
    if ('message' in answer) setRefusal(answer);
    else go(href(`/runs/${answer.run.id}`));
  }
  const failure = sync.failure.value ?? undo.failure.value;
  const isBusy = sync.isBusy.value || undo.isBusy.value;
  return (
    <>
      {failure && <Failed failure={failure} />}
      {refusal && <Refused refusal={refusal} />}
      <SaveBar text={words.willWrite(count)}>
        <button type="button" class="primary" disabled={isBusy || count === 0} onClick={() => void write()}>
          {run.undoes === null ? words.write(count) : words.undo(count)}
        </button>
      </SaveBar>
    </>
  );
}
