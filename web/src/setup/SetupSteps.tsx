import { useQuery } from '../graphql/query.ts';
import { here } from '../router/location.ts';
import { mspInView } from '../session.ts';
import { type Step, Stepper } from '../ui/Stepper.tsx';
import { tell } from '../words/tell.ts';
import { setupStepsQuery } from './queries.graphql.ts';

const words = tell({
  label: 'Set-up',
  credentials: 'Credentials',
  products: 'Products',
  import: 'Import companies',
  companies: 'Map companies',
  done: 'done',
  open: 'to do',
});

/** Whether this page is shown as a step of the set-up, which can be left and resumed. */
export const isSetup = () => here.value.path.startsWith('/setup/');

/** The four steps of the set-up, above a page that is one of them; elsewhere nothing. */
export function SetupSteps() {
  const setup = useQuery(setupStepsQuery, isSetup() ? { msp: mspInView.value } : null).data.value;
  if (!isSetup()) return null;
  const connection = setup?.psaConnection;
  const mapped = setup?.organizations.counts.find((one) => one.state === 'MAPPED')?.count ?? 0;
  const step = (path: string, label: string, isDone: boolean): Step => ({
    path: `/setup/${path}`,
    label,
    isDone,
    state: isDone ? words.done : words.open,
  });
  const steps = [
    step('credentials', words.credentials, connection !== undefined && connection.status !== 'NOT_CONNECTED'),
    step('products', words.products, connection?.isConfirmed ?? false),
    step('import', words.import, Boolean(connection?.lastImport?.finishedAt)),
    step('companies', words.companies, mapped > 0),
  ];
  return <Stepper label={words.label} steps={steps} current={here.value.path} />;
}
