// Printed by generate.mjs. Do not edit.
import { type Operation, operation } from '../../graphql/operation.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type Component =
  | 'LICENSE'
  | 'SERVER';

export type LicenseType =
  | 'PAID'
  | 'TRIAL'
  | 'NFR';

export type Management =
  | 'MSP'
  | 'SELF';

export type Problem =
  | 'TWO_RUNNING'
  | 'BELOW_ZERO'
  | 'AGREEMENT_ENDED'
  | 'AGREEMENT_GONE'
  | 'PRODUCT_INACTIVE'
  | 'MISSING_RIGHT'
  | 'RECORD_FORBIDDEN'
  | 'REFUSED_BY_PSA'
  | 'NOT_APPLIED'
  | 'PSA_UNAVAILABLE'
  | 'PRORATED_TWICE'
  | 'NOT_ON_THIS_INVOICE'
  | 'MISSED_MONTH'
  | 'OUTCOME_UNKNOWN'
  | 'ADDITION_LOST'
  | 'CANNOT_UNDO'
  | 'NOTHING_MAPPED'
  | 'NUMBERS_MOVED'
  | 'COMPANY_DELETED'
  | 'FINAL_PENDING';

export type PushKind =
  | 'INITIAL'
  | 'INCREMENTAL'
  | 'OVERWRITE'
  | 'FINAL'
  | 'RELEASE'
  | 'UNDO';

export type Rule =
  | 'CURRENT'
  | 'PEAK'
  | 'AVERAGE';

/** How far a month's usage of one product has got. */
export type UsageState =
  | 'UNMAPPED'
  | 'EXCLUDED'
  | 'NO_PRODUCT'
  | 'WAITING'
  | 'WRITING'
  | 'VERIFIED'
  | 'HELD'
  | 'FAILED';

export type OrganizationUsageQueryVariables = Exact<{
  id: string;
  month?: string | null | undefined;
  msp?: string | null | undefined;
}>;


export type OrganizationUsageQuery = { serverTime: string, organization: { id: string, name: string, plan: string, licenseType: LicenseType, management: Management, isClosed: boolean, mapping: { companyName: string | null, agreementName: string | null, excludedBecause: string | null } | null } | null, usage: { nodes: Array<{ month: string, lines: Array<{ product: number | null, inForce: number, wanted: string, monthToDate: string, closed: string | null, closedVersion: number | null, rule: Rule, minimum: number, state: UsageState, opening: number, items: Array<{ plan: string, component: Component }>, changes: Array<{ effectiveAt: string, recordedAt: string, isLate: boolean, entryId: string, changeId: string, subject: string, fact: string, totalAfter: number }>, addition: { agreement: number, wrote: string | null, found: string | null, settledAt: string | null, problem: string | null, detail: string | null } | null }> }> } };

export type LinePushesQueryVariables = Exact<{
  agreement: number;
  product: number;
  month: string;
  msp?: string | null | undefined;
}>;


export type LinePushesQuery = { explainQuantity: { wanted: string, organizations: Array<{ organization: string }>, pushes: Array<{ push: string, kind: PushKind, entryId: string, startedAt: string, subject: string, run: string | null, wrote: string | null, found: string | null, target: string, answer: { recordedAt: string, before: string | null, after: string | null, problem: Problem | null, detail: string | null } | null }> } };

export type OrganizationThenQueryVariables = Exact<{
  at: string;
  id: string;
  msp?: string | null | undefined;
}>;


export type OrganizationThenQuery = { connectionAsOf: { organization: { name: string | null, plan: string | null, licenseType: LicenseType | null, management: Management | null, isClosed: boolean | null, companyName: string | null, agreementName: string | null, mappedAt: string | null, excludedBecause: string | null, quantities: Array<{ component: Component, counted: number, billed: number }> } | null } };

export const organizationUsageQuery: Operation<OrganizationUsageQuery, OrganizationUsageQueryVariables> = operation('OrganizationUsage', `query OrganizationUsage($id: ID!, $month: BillingMonth, $msp: ID) {
  serverTime
  organization(id: $id, msp: $msp) {
    id
    name
    plan
    licenseType
    management
    isClosed
    mapping {
      companyName
      agreementName
      excludedBecause
    }
  }
  usage(month: $month, organization: $id, msp: $msp) {
    nodes {
      month
      lines {
        product
        items {
          plan
          component
        }
        inForce
        wanted
        monthToDate
        closed
        closedVersion
        rule
        minimum
        state
        opening
        changes {
          effectiveAt
          recordedAt
          isLate
          entryId
          changeId
          subject
          fact
          totalAfter
        }
        addition {
          agreement
          wrote
          found
          settledAt
          problem
          detail
        }
      }
    }
  }
}`);

export const linePushesQuery: Operation<LinePushesQuery, LinePushesQueryVariables> = operation('LinePushes', `query LinePushes($agreement: Int!, $product: Int!, $month: BillingMonth!, $msp: ID) {
  explainQuantity(
    agreement: $agreement
    product: $product
    month: $month
    msp: $msp
  ) {
    wanted
    organizations {
      organization
    }
    pushes {
      push
      kind
      entryId
      startedAt
      subject
      run
      wrote
      found
      target
      answer {
        recordedAt
        before
        after
        problem
        detail
      }
    }
  }
}`);

export const organizationThenQuery: Operation<OrganizationThenQuery, OrganizationThenQueryVariables> = operation('OrganizationThen', `query OrganizationThen($at: DateTime!, $id: ID!, $msp: ID) {
  connectionAsOf(at: $at, msp: $msp) {
    organization(id: $id) {
      name
      plan
      licenseType
      management
      isClosed
      companyName
      agreementName
      mappedAt
      excludedBecause
      quantities {
        component
        counted
        billed
      }
    }
  }
}`);
