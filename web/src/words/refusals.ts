import type { RefusalName } from '../graphql/names.ts';
import { tell } from './tell.ts';
import type { Trouble } from './trouble.ts';

const NOTHING_SAVED = 'Nothing was saved, and nothing on an invoice has changed.';
const NOTHING_WRITTEN = 'Nothing was written to ConnectWise; its quantities are as they were.';

const KEYS = { path: '/setup/credentials', label: 'Check the credentials' };
const SETTINGS = { path: '/settings', label: 'Open settings' };
const PRODUCTS = { path: '/products', label: 'Open products' };
const IMPORT = { path: '/import', label: 'Import companies' };
const COMPANIES = { path: '/companies', label: 'Open companies' };
const PREVIEW = { path: '/runs/preview', label: 'Preview again' };
const RUNS = { path: '/runs', label: 'Open runs' };
const OVERVIEW = { path: '/', label: 'Open overview' };

/** A refusal that the API learns has no words here until somebody writes them: the type check says so. */
export const refusals: Readonly<Record<RefusalName, Trouble>> = tell({
  AgreementHasEnded: {
    what: 'The agreement has ended in ConnectWise.',
    means: `Usage can not be billed on it. ${NOTHING_SAVED}`,
    cure: 'Choose another agreement of the company, or extend this one in ConnectWise and import again.',
    at: COMPANIES,
  },
  AgreementIsGone: {
    what: 'The agreement is no longer in ConnectWise.',
    means: `Usage can not be billed on it. ${NOTHING_SAVED}`,
    cure: 'Import companies again, then choose another agreement.',
    at: IMPORT,
  },
  AgreementOfAnotherCompany: {
    what: 'The agreement belongs to another company.',
    means: `Mapping it would bill the wrong customer. ${NOTHING_SAVED}`,
    cure: 'Choose an agreement of this company. If it was moved in ConnectWise, import again.',
    at: COMPANIES,
  },
  AlreadyConnected: {
    what: 'A ConnectWise is connected already.',
    means: `Syncing goes on with that one. ${NOTHING_SAVED}`,
    cure: 'To change keys, replace them in the settings. To connect another ConnectWise, disconnect this one first.',
    at: SETTINGS,
  },
  AlreadyMapped: {
    what: 'The organization is mapped to another agreement already.',
    means: `It is billed there, and would be billed twice. ${NOTHING_SAVED}`,
    cure: 'Change its mapping instead: the review shows what happens on both agreements.',
    at: COMPANIES,
  },
  ChangeIdReused: {
    what: 'This change id was used before for another change.',
    means: 'The first change stands, this one was not recorded.',
    cure: 'Use a new change id for a new change.',
  },
  ClientIdRefused: {
    what: 'ConnectWise does not accept our product registration.',
    means: NOTHING_WRITTEN,
    cure: 'This is ours to repair, not yours. Tell support what stands under Details.',
  },
  CompanyIsGone: {
    what: 'The company was deleted in ConnectWise.',
    means: `Usage can not be billed to it. ${NOTHING_SAVED}`,
    cure: 'Restore it in ConnectWise, or choose another company.',
    at: COMPANIES,
  },
  ConnectionIsNotActive: {
    what: 'Syncing is not active.',
    means: NOTHING_WRITTEN,
    cure: 'Finish the set-up, resume syncing, or cure what the overview says needs attention.',
    at: OVERVIEW,
  },
  DifferentTenant: {
    what: 'These keys belong to another ConnectWise.',
    means:
      'The old keys stay in use. Ids of one ConnectWise mean nothing in another, so mappings can not be carried over.',
    cure: 'Use keys of the connected ConnectWise. To change to another one, disconnect first.',
    at: SETTINGS,
  },
  EffectiveBeforeCreation: {
    what: 'The change would be effective before the organization existed.',
    means: 'It was not recorded.',
    cure: 'Give an instant at or after the creation.',
  },
  EffectiveInFuture: {
    what: 'The change would be effective more than 5 minutes ahead.',
    means: 'It was not recorded.',
    cure: 'Report it when it happens, or correct the clock that it was taken from.',
  },
  IdempotencyKeyReused: {
    what: 'This request was sent before with other content.',
    means: 'The first one stands, this one was not carried out.',
    cure: 'Reload the page and look at what is there before you try again.',
  },
  IdentifierChanged: {
    what: 'ConnectWise created the product under another ID.',
    means: 'The product exists but is not mapped. Nothing is billed with it.',
    cure: 'Look at it in ConnectWise: rename or delete it there, or map it as it is.',
    at: PRODUCTS,
  },
  IdentifierTaken: {
    what: 'ConnectWise has a product with this ID already.',
    means: 'No second one was made.',
    cure: 'Search the catalogue for it and map it, or choose another ID.',
  },
  InvalidInput: {
    what: 'Something in the form is not right.',
    means: NOTHING_SAVED,
    cure: 'Correct the field that is marked.',
  },
  MonthHasNotBegun: {
    what: 'This month has not begun.',
    means: NOTHING_WRITTEN,
    cure: 'Choose the current month or an earlier one.',
    at: PREVIEW,
  },
  MonthIsNotClosed: {
    what: 'This month is not closed yet.',
    means: NOTHING_WRITTEN,
    cure: 'Months close at 00:30 UTC on day 1 of the next. Choose the current month, or wait for the close.',
    at: PREVIEW,
  },
  NotConnected: {
    what: 'No ConnectWise is connected.',
    means: `Nothing is billed through it. ${NOTHING_SAVED}`,
    cure: 'Connect ConnectWise first.',
    at: { path: '/setup/credentials', label: 'Connect ConnectWise' },
  },
  NotHeld: {
    what: 'Nothing is held here any more.',
    means: 'Somebody answered it, or a newer push replaced it.',
    cure: 'Look at the newest numbers.',
    at: OVERVIEW,
  },
  NotMapped: {
    what: 'The organization is not mapped.',
    means: 'There is nothing to take back, and nothing was changed.',
    cure: 'Look at the newest state of the companies.',
    at: COMPANIES,
  },
  NothingToRestore: {
    what: 'The organization had no mapping that could be restored.',
    means: 'It stays unmapped, so its usage is not billed.',
    cure: 'Map it to a company by hand.',
    at: COMPANIES,
  },
  NothingToRetry: {
    what: 'There is nothing to try again.',
    means: 'The problem was cured meanwhile.',
    cure: 'Look at the newest numbers.',
    at: OVERVIEW,
  },
  NumbersMoved: {
    what: 'The numbers changed since they were shown.',
    means: NOTHING_WRITTEN,
    cure: 'Look at the new numbers and decide again.',
    at: PREVIEW,
  },
  OrganizationExists: {
    what: 'There is an organization of this id already.',
    means: 'No second one was made.',
    cure: 'Map the one that exists, or choose another id.',
    at: COMPANIES,
  },
  OrganizationIsClosed: {
    what: 'The organization is closed.',
    means: 'It is billed as 0 from its closing on. The change was not recorded.',
    cure: 'If the customer is back, register a new organization.',
  },
  OrganizationIsExcluded: {
    what: 'The organization is deliberately not billed through ConnectWise.',
    means: NOTHING_SAVED,
    cure: 'Include it again before you map it.',
    at: COMPANIES,
  },
  OrganizationIsSelfManaged: {
    what: 'The organization manages itself.',
    means: `Only organizations managed by an MSP can be billed by it. ${NOTHING_SAVED}`,
    cure: 'Let the vendor change who manages it, then map it.',
  },
  PlanLacksComponent: {
    what: 'The plan does not have this component.',
    means: `Lite plans and password managers have no servers. ${NOTHING_SAVED}`,
    cure: 'Choose a component of the plan, or change the plan first.',
  },
  PreviewIsOutdated: {
    what: 'The preview is out of date.',
    means: NOTHING_WRITTEN,
    cure: 'Preview again and confirm the new numbers.',
    at: PREVIEW,
  },
  ProductIsBundle: {
    what: 'The product is a bundle.',
    means: `ConnectWise does not take bundles as additions. ${NOTHING_SAVED}`,
    cure: 'Choose a product of class Agreement.',
    at: PRODUCTS,
  },
  ProductIsInactive: {
    what: 'The product is inactive in ConnectWise.',
    means: `Nothing can be billed with it. ${NOTHING_SAVED}`,
    cure: 'Activate it in ConnectWise, or choose another product.',
    at: PRODUCTS,
  },
  ProductMappingIncomplete: {
    what: 'Some plans in use have no product yet.',
    means: 'Their usage would not be billed, so syncing does not start.',
    cure: 'Choose a product for each plan and component that is in use.',
    at: PRODUCTS,
  },
  ProductNotMapped: {
    what: 'There is no product for this component.',
    means: 'There was nothing to change, and its usage is not billed.',
    cure: 'Map a product to it.',
    at: PRODUCTS,
  },
  PsaOutcomeUnknown: {
    what: 'ConnectWise got the request, and its answer was lost.',
    means: 'It may have been carried out, or not.',
    cure: 'Look in ConnectWise before you try again.',
  },
  PsaRecordNotFound: {
    what: 'ConnectWise does not have this record any more.',
    means: NOTHING_WRITTEN,
    cure: 'Import companies again to see what is there now.',
    at: IMPORT,
  },
  PsaRefusedRequest: {
    what: 'ConnectWise refused the request.',
    means: NOTHING_WRITTEN,
    cure: 'Its own reasons stand under Details: correct that in ConnectWise, then try again.',
  },
  PsaUnreachable: {
    what: 'ConnectWise did not answer.',
    means: NOTHING_WRITTEN,
    cure: 'Check that the site is up and its address right, then try again.',
  },
  QuantityBelowZero: {
    what: 'The quantity would fall below zero.',
    means: 'The change was not recorded.',
    cure: 'Check the delta and its instant: a later quantity may count on what would be taken away.',
  },
  RightsMissing: {
    what: 'The API member lacks rights.',
    means: NOTHING_WRITTEN,
    cure: 'Grant them to its security role in ConnectWise, then try again.',
  },
  RunCannotBeUndone: {
    what: 'This run can not be undone.',
    means: NOTHING_WRITTEN,
    cure: 'The reason stands under Details. To put quantities right, use Sync now.',
    at: RUNS,
  },
  RunIsOver: {
    what: 'The run is over.',
    means: 'There is nothing to cancel; what it wrote stands.',
    cure: 'Look at its result. If it was wrong, undo it.',
    at: RUNS,
  },
  SiteRefused: {
    what: 'This address can not be called.',
    means: NOTHING_SAVED,
    cure: 'Give the public https address of your ConnectWise, for example https://na.myconnectwise.net.',
  },
  ThrottledByPsa: {
    what: 'ConnectWise asks to wait.',
    means: NOTHING_WRITTEN,
    cure: 'Try again in a minute. Pushes wait and go on by themselves.',
  },
  UnknownAddition: {
    what: 'Nothing is billed on this agreement with this product.',
    means: NOTHING_WRITTEN,
    cure: 'Look at the newest state of the companies.',
    at: COMPANIES,
  },
  UnknownAgreement: {
    what: 'The agreement is not among the imported ones.',
    means: NOTHING_SAVED,
    cure: 'Import companies again: new agreements appear only then.',
    at: IMPORT,
  },
  UnknownCompany: {
    what: 'The company is not among the imported ones.',
    means: NOTHING_SAVED,
    cure: 'Import companies again: new companies appear only then.',
    at: IMPORT,
  },
  UnknownLoginCompany: {
    what: 'The site does not know this company ID.',
    means: NOTHING_SAVED,
    cure: 'Use the company ID that you type when you log in to ConnectWise.',
    at: KEYS,
  },
  UnknownOrganization: {
    what: 'There is no such organization.',
    means: NOTHING_SAVED,
    cure: 'Look at the newest state of the companies.',
    at: COMPANIES,
  },
  UnknownPlan: {
    what: 'The catalogue has no such plan.',
    means: NOTHING_SAVED,
    cure: 'Choose a plan from the list.',
  },
  UnknownProduct: {
    what: 'ConnectWise has no such product.',
    means: NOTHING_SAVED,
    cure: 'Search the catalogue again and choose one that is there.',
    at: PRODUCTS,
  },
  UnknownRun: {
    what: 'There is no such run.',
    means: NOTHING_WRITTEN,
    cure: 'Look for it in the list of runs.',
    at: RUNS,
  },
  WrongKeys: {
    what: 'ConnectWise does not accept these keys.',
    means: `Nothing is written with them. ${NOTHING_SAVED}`,
    cure: 'Check company ID, public and private key. If the private key is lost, create new keys for the API member.',
    at: KEYS,
  },
  WrongSite: {
    what: 'There is no ConnectWise PSA at this address.',
    means: NOTHING_SAVED,
    cure: 'Use the address that you log in at, for example https://na.myconnectwise.net.',
    at: KEYS,
  },
});
