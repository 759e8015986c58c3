import { useState } from 'preact/hooks';
import { useAct } from '../../graphql/act.ts';
import { useQuery } from '../../graphql/query.ts';
import { mspInView } from '../../session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Failed, Refused } from '../../ui/Problem.tsx';
import { Table } from '../../ui/Table.tsx';
import { toast } from '../../ui/Toasts.tsx';
import { words as shared } from '../../words/en.ts';
import { later } from './later_words.ts';
import { type RestorableQuery, restorableQuery, restoreMappingsMutation } from './restore.graphql.ts';
import { words } from './words.ts';

type Mapping = RestorableQuery['restorableMappings']['organizations']['nodes'][number];

/** After the same ConnectWise was connected again: what was mapped before, to be mapped once more. */
export function Restore() {
  const restorable = useQuery(restorableQuery, { msp: mspInView.value });
  const [isOpen, open] = useState(false);
  const found = restorable.data.value?.restorableMappings.organizations;
  if (found === undefined || found.totalCount === 0) return null;
  const not = found.nodes.filter((one) => !one.canBeRestored).length;
  return (
    <div class="banner">
      <p>
        {later.restore(found.totalCount)} {not > 0 && later.restoreNot(not)}
      </p>
      <button type="button" onClick={() => open(true)}>
        {later.restoreGo}
      </button>
      {isOpen && <RestoreDialog mappings={found.nodes} count={found.totalCount - not} close={() => open(false)} />}
    </div>
  );
}

function RestoreDialog({ mappings, count, close }: { mappings: readonly Mapping[]; count: number; close: () => void }) {
  const restore = useAct(restoreMappingsMutation);
  const [refusal, setRefusal] = useState<{ __typename: string; message: string }>();
  async function carryOut(): Promise<void> {
    const answer = await restore.run({});
    if (answer === undefined) return;
    if (answer.__typename !== 'MappingsRestored') {
      setRefusal(answer);
      return;
    }
    toast(later.restored(answer.answers.filter((one) => one.outcome.__typename === 'MappingChanged').length));
    close();
  }
  return (
    <Dialog
      title={later.restoreTitle}
      kind="wide"
      close={close}
      actions={
        <>
          <button type="button" onClick={close}>
            {shared.cancel}
          </button>
          <button
            type="button"
            class="primary"
            disabled={restore.isBusy.value || count === 0}
            onClick={() => void carryOut()}
          >
            {later.restoreConfirm(count)}
          </button>
        </>
      }
    >
      <p>{later.restoreMeans}</p>
      {restore.failure.value && <Failed failure={restore.failure.value} />}
      {refusal && <Refused refusal={refusal} />}
      <Table
        label={later.restoreTitle}
        rows={mappings}
        rowKey={(one) => one.organization}
        file={{ name: 'restorable', ids: [{ name: 'organization_id', value: (one) => one.organization }] }}
        columns={[
          { name: words.organization, isHead: true, cell: (one) => one.organizationName },
          { name: words.company, cell: (one) => one.companyName },
          { name: words.agreement, cell: (one) => one.agreementName },
          {
            name: words.rowState,
            value: (one) => (one.canBeRestored ? later.can : one.whyNot?.message),
            cell: (one) =>
              one.canBeRestored ? (
                <Badge tone="good">{later.can}</Badge>
              ) : (
                <Badge tone="bad">{one.whyNot?.message ?? ''}</Badge>
              ),
          },
        ]}
      />
    </Dialog>
  );
}
